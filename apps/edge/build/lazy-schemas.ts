/** First line of a schema at the top of a module: `const name = z…`. */
const BEGINS = /^((?:export )?const \w+ = )(z(?:\..*)?)$/;
/** Last line of one: the statement's end, on its first line or back at its own or its chain's indentation. */
const ENDS = /^(?:\S| {2}[.})\]]).*;$/;

/**
 * A module of schemas with each schema behind `lazily`, by the form that the formatter gives every one of them. A schema that
 * was cut in the wrong place does not parse, which fails the build.
 */
export function withLazySchemas(source: string, from: string): string {
  const lines = source.split('\n');
  const changed: string[] = [`import { lazily } from ${JSON.stringify(from)};`];
  for (let at = 0; at < lines.length; at++) {
    const [, head, first] = BEGINS.exec(lines[at] ?? '') ?? [];
    if (head === undefined || first === undefined) {
      changed.push(lines[at] ?? '');
      continue;
    }
    const schema = [first];
    while (!(schema.length === 1 ? first : (schema.at(-1) ?? '')).endsWith(';') || (schema.length > 1 && !ENDS.test(schema.at(-1) ?? ''))) {
      at += 1;
      if (at >= lines.length) throw new Error(`a schema has no end: ${head}`);
      schema.push(lines[at] ?? '');
    }
    changed.push(`${head}lazily(() => ${schema.join('\n').slice(0, -1)});`);
  }
  return changed.join('\n');
}
