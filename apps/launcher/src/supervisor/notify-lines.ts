import type { Readable } from 'node:stream';

/** A service that floods the descriptor without a newline must not fill the supervisor's memory. */
const maxLineBytes = 4096;

/** Reads sd_notify assignments, one a line, as they come through `TIDEGATE_NOTIFY_FD`. */
export function readNotifyLines(stream: Readable, onLine: (key: string, value: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = (lines.pop() ?? '').slice(-maxLineBytes);
    for (const line of lines) {
      const equals = line.indexOf('=');
      if (equals > 0) onLine(line.slice(0, equals), line.slice(equals + 1));
    }
  });
  // The peer's death is told by its exit; a reset on this descriptor adds nothing.
  stream.on('error', () => undefined);
}
