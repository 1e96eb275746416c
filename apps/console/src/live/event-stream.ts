import { streamMessage, type StreamMessage } from '@tidegate/contract-api';
import type { Later } from './throttle.ts';

export type StreamState = 'connecting' | 'live' | 'reconnecting';
/** What is used of an EventSource. */
interface Source {
  onopen: ((event: Event) => unknown) | null;
  onmessage: ((message: MessageEvent) => unknown) | null;
  onerror: ((event: Event) => unknown) | null;
  readonly readyState: number;
  close(): void;
}
export interface EventStreamParts {
  readonly open: () => Source;
  readonly schedule: Later;
  readonly onMessage: (message: StreamMessage) => void;
  readonly onState: (state: StreamState) => void;
  /** Opened: whatever changed while nobody listened was missed, so what is shown must be asked for again. */
  readonly onOpen: () => void;
  /** The browser gave up: the answer was no stream. Perhaps the session is gone. */
  readonly onRefused: () => void;
}
const CLOSED = 2;
const MIN_RETRY_MS = 1_000;
const MAX_RETRY_MS = 15_000;

const parse = (data: unknown): StreamMessage | null => {
  try {
    const parsed = streamMessage.safeParse(JSON.parse(String(data)));
    // A kind of message that this console does not know is skipped: a tab may be older than the manager.
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
};

/**
 * Keeps one EventSource alive. Browsers reconnect by themselves after a broken connection, but for ever give up after any
 * answer that is no event stream: a proxy's 502 during a restart of the manager would have left the page dead.
 * Returns what closes it.
 */
export const keepStream = ({ open, schedule, onMessage, onState, onOpen, onRefused }: EventStreamParts): (() => void) => {
  let source: Source | null = null;
  let cancelRetry: (() => void) | null = null;
  let retryMs = MIN_RETRY_MS;
  const start = () => {
    cancelRetry = null;
    const current = open();
    source = current;
    current.onopen = () => {
      retryMs = MIN_RETRY_MS;
      onState('live');
      onOpen();
    };
    current.onmessage = ({ data }: MessageEvent<unknown>) => {
      const message = parse(data);
      if (message !== null) onMessage(message);
    };
    current.onerror = () => {
      onState('reconnecting');
      if (current.readyState !== CLOSED || cancelRetry !== null) return;
      onRefused();
      cancelRetry = schedule(start, retryMs);
      retryMs = Math.min(MAX_RETRY_MS, retryMs * 2);
    };
  };
  onState('connecting');
  start();
  return () => {
    cancelRetry?.();
    source?.close();
  };
};
