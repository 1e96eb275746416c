import { CodedError } from '@tidegate/contract-errors';

/** gitprotocol-common(5): four hex digits of length, themselves included; 0000 to 0002 are marks without content. */
export type PktLine = { readonly kind: 'data'; readonly text: string } | { readonly kind: 'flush' | 'delimiter' | 'end' };

/** Longest line a sender may send, its length included (gitprotocol-common, "pkt-line Format"). */
const MAX_LINE_BYTES = 65_520;
/** A ref takes some 60 bytes, so this many do not fit into an answer; a hostile one is made of empty lines. */
const MAX_LINES = 100_000;
const MARKS = { 0: 'flush', 1: 'delimiter', 2: 'end' } as const;

export const malformed = (rule: string): CodedError => new CodedError('git_remote_malformed', { rule });

/**
 * Lines of a whole answer, one by one. Content is read as Latin-1: every byte is one character, so a name that is no UTF-8
 * cannot turn into another one. The newline that ends most lines is taken off. @throws CodedError git_remote_malformed
 */
export function* pktLines(bytes: Uint8Array): Generator<PktLine> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  let lines = 0;
  for (let at = 0; at < buffer.length;) {
    const head = buffer.toString('latin1', at, at + 4);
    if (!/^[0-9a-fA-F]{4}$/.test(head)) throw malformed('length of a line');
    const length = Number.parseInt(head, 16);
    if (++lines > MAX_LINES) throw malformed('too many lines');
    if (length in MARKS) {
      yield { kind: MARKS[length as keyof typeof MARKS] };
      at += 4;
      continue;
    }
    // 0003 would be a line that ends within its own length.
    if (length < 4 || length > MAX_LINE_BYTES) throw malformed('length of a line');
    if (at + length > buffer.length) throw malformed('cut off');
    yield { kind: 'data', text: buffer.toString('latin1', at + 4, at + length).replace(/\n$/, '') };
    at += length;
  }
}

export const pktLine = (text: string): string => (text.length + 4).toString(16).padStart(4, '0') + text;
export const FLUSH = '0000';
export const DELIMITER = '0001';
