export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A surrogate without its other half: no text, and other programs would hash it differently. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/**
 * JSON as RFC 8785 (JCS) writes it: no white space, members ordered by the UTF-16 code units of their names, numbers and
 * strings as ECMAScript writes them. The same value gives the same bytes in every language, so that anybody can check a hash.
 * @throws RangeError for what JSON cannot hold: numbers that are not finite, text that is not Unicode, and anything that is no JSON at all
 */
export function canonicalJson(value: Json): string {
  switch (typeof value) {
    case 'string':
      return canonicalText(value);
    case 'number':
      if (!Number.isFinite(value)) throw new RangeError('not a JSON number');
      return JSON.stringify(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      return value === null ? 'null' : canonicalObject(value);
    default:
      throw new RangeError('not a JSON value');
  }
}

function canonicalText(text: string): string {
  if (LONE_SURROGATE.test(text)) throw new RangeError('not Unicode text');
  return JSON.stringify(text);
}

function canonicalObject(value: object): string {
  if (Array.isArray(value)) return `[${(value as Json[]).map(canonicalJson).join(',')}]`;
  // The default order of sort() is that of UTF-16 code units, which is what the RFC asks for (section 3.2.3).
  const names = Object.keys(value).sort();
  const members = value as Readonly<Record<string, Json>>;
  return `{${names.map((name) => `${canonicalText(name)}:${canonicalJson(members[name] as Json)}`).join(',')}}`;
}
