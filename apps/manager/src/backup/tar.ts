const BLOCK_BYTES = 512;
/** Far beyond what a backup writes in one piece; a damaged length must not ask for the machine's whole memory. */
const MAX_ENTRY_BYTES = 256 * 1024 * 1024;

export interface TarEntry {
  readonly name: string;
  readonly body: Buffer;
}

const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, '0')}\0`;
const padding = (bytes: number): number => (BLOCK_BYTES - (bytes % BLOCK_BYTES)) % BLOCK_BYTES;

/** One file of a ustar archive, readable by any `tar`. Names here are short and plain. */
export function tarEntry({ name, body }: TarEntry, at: Date): Buffer {
  const header = Buffer.alloc(BLOCK_BYTES);
  header.write(name, 0, 100, 'utf8');
  header.write(octal(0o600, 8) + octal(0, 8) + octal(0, 8), 100, 'latin1');
  header.write(octal(body.length, 12) + octal(Math.floor(at.getTime() / 1000), 12), 124, 'latin1');
  header.write('        0', 148, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return Buffer.concat([header, body, Buffer.alloc(padding(body.length))]);
}

export const tarEnd = (): Buffer => Buffer.alloc(2 * BLOCK_BYTES);

/** Files of an archive, one after the other. Ends without an error where the archive does: whoever reads knows what has to be there. */
export async function* readTar(source: AsyncIterable<Buffer>): AsyncGenerator<TarEntry> {
  const parts = source[Symbol.asyncIterator]();
  let held: Buffer = Buffer.alloc(0);
  const take = async (bytes: number): Promise<Buffer | null> => {
    const pieces = [held];
    for (let there = held.length; there < bytes;) {
      const next = await parts.next();
      if (next.done) return null;
      pieces.push(next.value);
      there += next.value.length;
    }
    const all = pieces.length === 1 ? held : Buffer.concat(pieces);
    held = all.subarray(bytes);
    return all.subarray(0, bytes);
  };
  for (;;) {
    const header = await take(BLOCK_BYTES);
    const name = header?.toString('utf8', 0, 100).replace(/\0.*$/s, '') ?? '';
    if (!header || name === '') return;
    const bytes = Number.parseInt(header.toString('latin1', 124, 135), 8);
    if (!(bytes >= 0 && bytes <= MAX_ENTRY_BYTES)) return;
    const body = await take(bytes + padding(bytes));
    if (!body) return;
    yield { name, body: body.subarray(0, bytes) };
  }
}
