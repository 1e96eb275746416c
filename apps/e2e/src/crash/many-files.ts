/** An archive of many small files with its signed record, made without the project's packer. */
import { createHash } from 'node:crypto';
import { manifest, type Artefact, type FileEntry } from '@tidegate/contract-manifest';

const BLOCK_BYTES = 512;
const CHUNK_BYTES = 64 * 1024;
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

function headerOf({ path, mode, size }: Pick<FileEntry, 'path' | 'mode' | 'size'>): Buffer {
  const block = Buffer.alloc(BLOCK_BYTES);
  const octal = (value: number, offset: number, length: number) => block.write(value.toString(8).padStart(length - 1, '0'), offset);
  block.write(path, 0);
  octal(Number.parseInt(mode, 8), 100, 8);
  octal(size, 124, 12);
  block.fill(' ', 148, 156);
  block.write('0', 156);
  block.write('ustar\u000000', 257, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return block;
}

export function manyFiles(count: number): { readonly bytes: Buffer; readonly artefact: Artefact } {
  const blocks: Buffer[] = [];
  const files = Array.from({ length: count }, (_, index) => {
    const content = Buffer.alloc(40 + (index % 900), `${index} `);
    const mode = index === 0 ? '0755' : '0644';
    const file = { path: `modules/m${index % 50}/file-${index}`, mode, size: content.length, sha256: sha256(content) } as FileEntry;
    blocks.push(headerOf(file), content, Buffer.alloc((BLOCK_BYTES - (content.length % BLOCK_BYTES)) % BLOCK_BYTES));
    return file;
  });
  const bytes = Buffer.concat([...blocks, Buffer.alloc(2 * BLOCK_BYTES)]);
  const chunks = Array.from({ length: Math.ceil(bytes.length / CHUNK_BYTES) }, (_, index) =>
    sha256(bytes.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES)),
  );
  const artefact = manifest.shape.artefacts.element.parse({
    arch: 'any',
    variant: 'full',
    name: 'many.tar',
    size: bytes.length,
    sha256: sha256(bytes),
    format: 'tar',
    chunk_size: CHUNK_BYTES,
    chunk_sha256: chunks,
    unpacked_size: files.reduce((sum, { size }) => sum + size, 0),
    entrypoint: 'modules/m0/file-0',
    files,
  });
  return { bytes, artefact };
}
