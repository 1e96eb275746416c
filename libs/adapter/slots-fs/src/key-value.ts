/** The `key=value` files that agent and guard exchange: parsed line by line, unknown keys kept, later lines win. */
export const MAX_KEY_VALUE_BYTES = 4096;

export function parseKeyValue(text: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  for (const line of text.split('\n')) {
    const equals = line.indexOf('=');
    if (equals > 0) values.set(line.slice(0, equals), line.slice(equals + 1));
  }
  return values;
}

/** Values never hold a line feed: they are numbers, ids and versions. */
export const formatKeyValue = (values: Readonly<Record<string, string | number>>): string =>
  Object.entries(values)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('');
