/**
 * JSON text that PostgreSQL's jsonb takes whatever a node sent: it refuses NUL and lone surrogates, and one refused value
 * would fail the whole batch it is stored with.
 */
export function storableJson(value: unknown): string {
  const text = JSON.stringify(value);
  // JSON.stringify escapes both, so the text tells whether there is anything to clean: nearly always there is not.
  return REFUSED.test(text) ? JSON.stringify(clean(value)) : text;
}

const REFUSED = /\\u(0000|d[89a-f])/;

/** The same for a column of type text. */
export const storableText = (text: string): string => text.replace(/[\u0000\p{Surrogate}]/gu, '\ufffd');

function clean(value: unknown): unknown {
  if (typeof value === 'string') return storableText(value);
  if (Array.isArray(value)) return value.map(clean);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [storableText(key), clean(member)]));
}
