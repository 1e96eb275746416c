import { createHash, hash } from 'node:crypto';
import { closeSync, openSync, readFileSync, writeFileSync, writeSync } from 'node:fs';
import { basename } from 'node:path';
import { constants, crc32, deflateRawSync, gzipSync } from 'node:zlib';
import { CHUNK_BYTES } from '@tidegate/adapter-release-pack';
import { manifest, type Artefact, type FileEntry } from '@tidegate/contract-manifest';
import { Header } from 'tar';

const BLOCK_BYTES = 512;
const END_MARKER = Buffer.alloc(2 * BLOCK_BYTES);

export interface BenchArchive {
  readonly file: string;
  readonly artefact: Artefact;
}

function headerBlock(path: string, size: number, mode: FileEntry['mode']): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  const ids = { uid: 0, gid: 0, mtime: new Date(0) };
  new Header({ path, size, mode: Number.parseInt(mode, 8), type: 'File', ...ids }).encode(block, 0);
  return block;
}

const listed = (path: string, bytes: Uint8Array, mode: FileEntry['mode']): object => {
  return { path, mode, size: bytes.length, sha256: hash('sha256', bytes) };
};

/**
 * A tar.gz as a full release is one: copies of this runtime's own binary, some 50 MB packed each. Each part is deflated on
 * its own and once (a full flush ends at a byte, so parts can be put together), or a large archive would take minutes.
 */
export function largeArchive(file: string, copies: number): BenchArchive {
  const body = readFileSync(process.execPath);
  const padded = Buffer.concat([body, Buffer.alloc((BLOCK_BYTES - (body.length % BLOCK_BYTES)) % BLOCK_BYTES)]);
  const deflate = (bytes: Buffer): Buffer => deflateRawSync(bytes, { finishFlush: constants.Z_FULL_FLUSH });
  const packedBody = deflate(padded);
  const files = Array.from({ length: copies }, (_, index) => ({ ...listed('', body, '0755'), path: `bin/runtime-${index}` }));
  const output = openSync(file, 'w');
  const put = (bytes: Buffer): number => writeSync(output, bytes);
  let crc = 0;
  let plainBytes = 0;
  const account = (bytes: Buffer): void => {
    crc = crc32(bytes, crc);
    plainBytes += bytes.length;
  };
  put(Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]));
  for (const { path } of files) {
    const header = headerBlock(path, body.length, '0755');
    put(deflate(header));
    put(packedBody);
    account(header);
    account(padded);
  }
  put(deflateRawSync(END_MARKER));
  account(END_MARKER);
  const trailer = Buffer.alloc(8);
  trailer.writeUInt32LE(crc, 0);
  trailer.writeUInt32LE(plainBytes % 2 ** 32, 4);
  put(trailer);
  closeSync(output);
  return { file, artefact: recordOf(file, files, 'bin/runtime-0') };
}

/** Many files of 100 bytes to 4 kB in folders of a hundred, as a tree of modules is. */
export function smallFilesArchive(file: string, count: number): BenchArchive {
  const source = readFileSync(process.execPath);
  const files: object[] = [];
  const blocks: Buffer[] = [];
  for (let index = 0; index < count; index++) {
    const size = 100 + ((index * 2_741) % 3_900);
    const offset = (index * 8_191) % (source.length - size);
    const bytes = source.subarray(offset, offset + size);
    const path = `modules/m${Math.floor(index / 100)}/file-${index}.js`;
    const mode = index === 0 ? '0755' : '0644';
    files.push(listed(path, bytes, mode));
    blocks.push(headerBlock(path, size, mode), bytes, Buffer.alloc((BLOCK_BYTES - (size % BLOCK_BYTES)) % BLOCK_BYTES));
  }
  writeFileSync(file, gzipSync(Buffer.concat([...blocks, END_MARKER])));
  return { file, artefact: recordOf(file, files, 'modules/m0/file-0.js') };
}

/** The signed record, as the publisher's packer would write it. */
function recordOf(file: string, files: readonly object[], entrypoint: string): Artefact {
  const bytes = readFileSync(file);
  const chunks: string[] = [];
  for (let offset = 0; offset < bytes.length; offset += CHUNK_BYTES) {
    chunks.push(
      createHash('sha256')
        .update(bytes.subarray(offset, offset + CHUNK_BYTES))
        .digest('hex'),
    );
  }
  return manifest.shape.artefacts.element.parse({
    arch: 'any',
    variant: 'full',
    name: basename(file),
    size: bytes.length,
    sha256: hash('sha256', bytes),
    format: 'tar.gz',
    chunk_size: CHUNK_BYTES,
    chunk_sha256: chunks,
    unpacked_size: (files as readonly FileEntry[]).reduce((sum, { size }) => sum + size, 0),
    entrypoint,
    files,
  });
}
