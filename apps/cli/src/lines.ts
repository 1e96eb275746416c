import type { Readable } from 'node:stream';
import { StringDecoder } from 'node:string_decoder';
import { ending } from './ending.ts';

const MAX_LINE_CHARACTERS = 4 * 1024 * 1024;

/**
 * The lines of a stream. Unlike node:readline it passes the stream's error on to who reads (readline leaves it to the process, which
 * ended this program in the middle of `event follow`), and it holds no more than one line of a sender that never ends one.
 */
export async function* linesOf(stream: Readable): AsyncGenerator<string> {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  for await (const chunk of stream as AsyncIterable<Buffer | string>) {
    const lines = (rest + (typeof chunk === 'string' ? chunk : decoder.write(chunk))).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_LINE_CHARACTERS) throw ending('refused', 'message_too_large');
    for (const line of lines) yield line.endsWith('\r') ? line.slice(0, -1) : line;
  }
  if (rest !== '') yield rest;
}
