/**
 * JSON text that PostgreSQL's jsonb takes whatever a node sent: it refuses NUL and lone surrogates, and one refused value
 * would fail the whole batch it is stored with.
 */
export const storableJson = (value: unknown): string => JSON.stringify(clean(value));

const cleanText = (text: string): string => text.replace(/[\u0000\p{Surrogate}]/gu, '\ufffd');

function clean(value: unknown): unknown {
  if (typeof value === 'string') return cleanText(value);
  if (Array.isArray(value)) return value.map(clean);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [cleanText(key), clean(member)]));
}
