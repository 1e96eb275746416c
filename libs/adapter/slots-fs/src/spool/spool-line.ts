import { nodeEvent, type NodeEvent } from '@tidegate/contract-events';

/** One line per event: eight hex digits of CRC-32 over the rest, a space, JSON. */
export function encodeLine(event: NodeEvent): Buffer {
  const json = JSON.stringify(event);
  return Buffer.from(`${checksum(json)} ${json}\n`);
}

/** null for a line that was torn by a power cut, altered, or written by something else. */
export function decodeLine(line: string): NodeEvent | null {
  const json = line.slice(9);
  if (line[8] !== ' ' || line.slice(0, 8) !== checksum(json)) return null;
  const parsed = nodeEvent.safeParse(JSON.parse(json));
  return parsed.success ? parsed.data : null;
}

// Not by an import: zlib is 2 ms of a start, and most starts have no line to read.
const checksum = (text: string): string => process.getBuiltinModule('node:zlib').crc32(text).toString(16).padStart(8, '0');
