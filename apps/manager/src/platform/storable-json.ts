/**
 * JSON text that PostgreSQL's jsonb takes whatever a node sent: it refuses NUL and lone surrogates, and one refused value
 * would fail the whole batch it is stored with.
 */
export const storableJson = (value: unknown): string => JSON.stringify(clean(value));

/** The same for a column of type text. */
export const storableText = (text: string): string => text.replace(/[\u0000\p{Surrogate}]/gu, '\ufffd');

function clean(value: unknown): unknown {
  if (typeof value === 'string') return storableText(value);
  if (Array.isArray(value)) return value.map(clean);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [storableText(key), clean(member)]));
}
