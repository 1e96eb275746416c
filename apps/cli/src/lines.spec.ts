import { Readable } from 'node:stream';
import { describe, expect, it } from '@jest/globals';
import { Ending } from './ending.ts';
import { linesOf } from './lines.ts';

const all = async (stream: Readable): Promise<string[]> => {
  const lines: string[] = [];
  for await (const line of linesOf(stream)) lines.push(line);
  return lines;
};

describe('lines', () => {
  it('are whole wherever the stream was cut, also within a character', async () => {
    const bytes = Buffer.from('eins\r\nzwei ü\n\nlast');
    for (let size = 1; size < 6; size++) {
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) => bytes.subarray(index * size, (index + 1) * size));
      expect(await all(Readable.from(chunks))).toEqual(['eins', 'zwei ü', '', 'last']);
    }
  });

  it('end with the error that the stream ends with', async () => {
    const broken = Readable.from(
      (function* () {
        yield 'one\ntw';
        throw Object.assign(new Error('aborted'), { code: 'ECONNRESET' });
      })(),
    );
    await expect(all(broken)).rejects.toMatchObject({ code: 'ECONNRESET' });
  });

  it('are not collected without end', async () => {
    const endless = Readable.from(
      (function* () {
        for (;;) yield 'x'.repeat(1024 * 1024);
      })(),
    );
    await expect(all(endless)).rejects.toThrow(Ending);
  });
});
