import type { UpgradeEngine } from '@tidegate/engine-upgrade';
import type { LocalApiParts } from '../local-api/open-local-api.ts';
import { log, nameError } from './log.ts';

/** What a person on the node can do while the agent runs: the local API, once `quiet` resolves, and at once SIGUSR1 for `apply`. */
export function openLocalControl(parts: LocalApiParts, quiet: Promise<unknown>): { close(): Promise<void> } {
  const opened = quiet.then(() => openApi(parts));
  const onSignal = (): void => void applyNow(parts.engine);
  process.on('SIGUSR1', onSignal);
  return {
    async close() {
      process.off('SIGUSR1', onSignal);
      await (await opened).close();
    },
  };
}

/** A server of HTTP is nothing that a start has to wait for. A slot whose files are gone costs its API, never the agent. */
async function openApi(parts: LocalApiParts): Promise<{ close(): Promise<void> }> {
  try {
    const { openLocalApi } = await import('../local-api/open-local-api.ts');
    return await openLocalApi(parts);
  } catch (error) {
    log('warning', 'local API is not available', { code: 'local_api_unavailable', ...nameError(error) });
    return { close: async () => {} };
  }
}

async function applyNow(engine: Pick<UpgradeEngine, 'apply'>): Promise<void> {
  try {
    const verdict = await engine.apply();
    if (verdict.ok) log('info', 'applied by signal', { attempt: verdict.value });
    else log('warning', 'nothing was applied', { code: verdict.code, ...verdict.details });
  } catch (error) {
    log('error', 'fault', nameError(error));
  }
}
