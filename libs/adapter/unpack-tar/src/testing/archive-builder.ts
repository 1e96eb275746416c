import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { manifest, type Artefact, type FileEntry } from '@tidegate/contract-manifest';
import { Header, Pax, type HeaderData } from 'tar';

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const BLOCK = 512;
export const END_MARKER = Buffer.alloc(2 * BLOCK);
export const padded = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc((BLOCK - (bytes.length % BLOCK)) % BLOCK)]);

/** One header block, with whatever it is told. */
export function headerBlock(data: HeaderData): Buffer {
  const block = Buffer.alloc(BLOCK);
  new Header({ mode: 0o644, uid: 0, gid: 0, size: 0, mtime: new Date(0), type: 'File', ...data }).encode(block, 0);
  return block;
}
/** A header whose checksum was put right again after a raw change. */
export function patchedHeader(data: HeaderData, patch: (block: Buffer) => void): Buffer {
  const block = headerBlock(data);
  patch(block);
  block.fill(' ', 148, 156);
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}
export const paxBlocks = (records: { path?: string; size?: number }, global = false): Buffer => new Pax(records, global).encode();

export function entry(path: string, content: Buffer | string = '', data: HeaderData = {}): Buffer {
  const bytes = Buffer.from(content);
  return Buffer.concat([headerBlock({ path, size: bytes.length, ...data }), padded(bytes)]);
}

export interface ListedFile {
  readonly path: string;
  readonly content: Buffer | string;
  readonly mode?: '0644' | '0755';
}
export const SLOT: readonly ListedFile[] = [
  { path: 'bin/edge', content: '#!/bin/sh\nexit 0\n', mode: '0755' },
  { path: 'empty', content: '' },
  { path: 'lib/deep/main.js', content: 'run()\n' },
];
export const tarOf = (files: readonly ListedFile[]): Buffer =>
  Buffer.concat([...files.map((file) => entry(file.path, file.content, { mode: Number.parseInt(file.mode ?? '0644', 8) })), END_MARKER]);

export const fileEntries = (files: readonly ListedFile[]): FileEntry[] =>
  files.map(
    ({ path, content, mode }) =>
      ({ path, mode: mode ?? '0644', size: Buffer.byteLength(content), sha256: sha256(Buffer.from(content)) }) as FileEntry,
  );

/** The signed record of `bytes`, which therefore always pass the digests: what is tested here lies behind them. */
export function recordOf(
  bytes: Uint8Array,
  files: readonly ListedFile[] = SLOT,
  format: Artefact['format'] = 'tar.gz',
  chunkBytes = 65_536,
): Artefact {
  const chunks: string[] = [];
  for (let offset = 0; offset < bytes.length; offset += chunkBytes) chunks.push(sha256(bytes.subarray(offset, offset + chunkBytes)));
  const listed = fileEntries(files);
  return manifest.shape.artefacts.element.parse({
    arch: 'x64',
    variant: 'thin',
    name: 'edge.tar.gz',
    size: bytes.length,
    sha256: sha256(bytes),
    format,
    chunk_size: chunkBytes,
    chunk_sha256: chunks,
    unpacked_size: listed.reduce((total, file) => total + file.size, 0),
    entrypoint: 'bin/edge',
    files: listed,
  });
}
export const gz = (tar: Buffer): Buffer => gzipSync(tar);

/** Bytes in pieces of a size that fits nothing. */
export async function* inPieces(bytes: Uint8Array, pieceBytes = 10_007): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < bytes.length; offset += pieceBytes) yield bytes.subarray(offset, offset + pieceBytes);
}

/** Does not compress, and is the same in each run. */
export function noise(length: number, seed = 1): Buffer {
  const bytes = Buffer.alloc(length);
  for (let i = 0, x = seed; i < length; i++) bytes[i] = (x = (x * 48271) % 2147483647) & 255;
  return bytes;
}
