import { accept, isErrorCode, refuse, type Verdict } from '@tidegate/contract-errors';
import { openChannel } from './channel.ts';
import { shakeHands, type HandshakeParts } from './handshake.ts';
import type { Timers } from './ports/timers.ts';
import type { Transport } from './ports/transport.ts';

export interface ProbeOptions extends Omit<HandshakeParts, 'intent' | 'tokenFirst' | 'keyRevoked' | 'key'> {
  readonly url: string;
  readonly transport: Transport;
  readonly timers: Timers;
  readonly deadlineMs: number;
}

/**
 * Whether the manager answers and accepts this node's key, without taking the node's session over. It never enrols.
 * Refuses with the manager's code, or `manager_unavailable` (details: close_code, code) for anything else that kept it from answering.
 */
export async function probeManager(options: ProbeOptions): Promise<Verdict<void>> {
  const channel = openChannel(options.transport, options.url);
  const cancel = options.timers.after(options.deadlineMs, () => channel.close(1001, 'probe_timeout'));
  // Never the next key: it is adopted before the first beat with it, and until then the manager takes the other one.
  const parts = { ...options, intent: 'probe', tokenFirst: false, keyRevoked: false, key: options.identity.key() } as const;
  const result = await shakeHands(channel, parts).finally(cancel);
  channel.close(1000, 'probed');
  if (result.ok) return accept(undefined);
  const { code, closeCode } = result.ending;
  return code !== null && isErrorCode(code) ? refuse(code) : refuse('manager_unavailable', { close_code: closeCode, code });
}
