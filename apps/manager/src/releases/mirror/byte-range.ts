export type ByteRange = { readonly first: number; readonly last: number } | 'whole' | 'unsatisfiable';

/**
 * One range of RFC 9110 section 14; several, or nonsense, count as none, which the RFC allows. If-Range takes our strong ETag
 * only: with another one the object has changed, and the whole is sent.
 */
export function byteRange(range: string | undefined, ifRange: string | undefined, etag: string, sizeBytes: number): ByteRange {
  const match = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(range ?? '');
  if (!match || (ifRange !== undefined && ifRange !== etag)) return 'whole';
  const [, from = '', to = ''] = match;
  if (from === '') {
    const suffix = Number(to);
    if (to === '') return 'whole';
    return suffix === 0 ? 'unsatisfiable' : { first: Math.max(0, sizeBytes - suffix), last: sizeBytes - 1 };
  }
  const first = Number(from);
  if (to !== '' && Number(to) < first) return 'whole';
  if (first >= sizeBytes) return 'unsatisfiable';
  return { first, last: to === '' ? sizeBytes - 1 : Math.min(Number(to), sizeBytes - 1) };
}
