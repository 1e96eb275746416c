/**
 * JSON with sorted keys and no insignificant whitespace (RFC 8785 for the values a manifest may hold: strings, safe
 * integers, booleans, arrays, objects). The same manifest is always the same bytes, so its digest is its identity.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => canonicalJson(item)).join(',')}]`;
  if (value !== null && typeof value === 'object') {
    const members = Object.entries(value)
      .filter(([, member]) => member !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
    return `{${members.join(',')}}`;
  }
  // JSON.stringify would turn NaN and Infinity into null: a signed statement must not change its meaning on the way.
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError('no JSON number');
  return JSON.stringify(value);
}
