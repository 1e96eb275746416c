import { extractFailed } from './unpack-errors.ts';

const FHCRC = 2;
const FEXTRA = 4;
const FNAME = 8;
const FCOMMENT = 16;
export const GZIP_TRAILER_BYTES = 8;

/** Length of a gzip member's header (RFC 1952 section 2.3), which must lie within `bytes`. */
export function gzipHeaderBytes(bytes: Buffer): number {
  if (bytes.length < 10 || bytes.readUInt16BE(0) !== 0x1f8b || bytes[2] !== 8) throw extractFailed('no gzip header');
  const flags = bytes.readUInt8(3);
  if (flags & 0xe0) throw extractFailed('reserved gzip flags');
  let offset = 10;
  if (flags & FEXTRA) offset += 2 + (offset + 2 <= bytes.length ? bytes.readUInt16LE(offset) : bytes.length);
  for (const flag of [FNAME, FCOMMENT]) {
    if (!(flags & flag)) continue;
    const end = bytes.indexOf(0, offset);
    if (end === -1) throw extractFailed('gzip header too long');
    offset = end + 1;
  }
  if (flags & FHCRC) offset += 2;
  if (offset > bytes.length) throw extractFailed('gzip header too long');
  return offset;
}
