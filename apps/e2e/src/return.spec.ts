import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Api } from './api.ts';
import { eventually } from './eventually.ts';
import { LocalSystem } from './local-system.ts';

const VERDICT_MS = 90_000;

describe('a real node is asked to go back', () => {
  let system: LocalSystem;
  let api: Api;
  beforeAll(async () => {
    system = await LocalSystem.start(['--nodes', '1']);
    api = await Api.signIn(system);
  }, 240_000);
  afterAll(async () => {
    await system?.stop();
    system?.remove();
  }, 60_000);

  it('from 1.1.0 -> 1.0.0, from its own disk, through the same trial as an upgrade', async () => {
    const name = 'breakwater';
    const { id } = await api.nodeThat(name, 'online', (node) => node.connection === 'online');
    expect(await api.explain(id)).toMatchObject({ code: 'not_requested', running_version: '1.0.0' });
    await api.upgrade(name, '1.1.0');
    const upgraded = await api.nodeThat(
      name,
      'on 1.1.0',
      (node) => node.committed_version === '1.1.0' && node.previous_version === '1.0.0' && node.upgrade?.state === 'committed',
      VERDICT_MS,
    );
    expect(upgraded.software_version).toBe('1.1.0');
    // The node allows no two attempts within half a minute of each other, whoever asks.
    const asked = await eventually('a return that is not too soon', VERDICT_MS, async () => {
      const requested = await api.goBack(id);
      const ended = await eventually('its end', VERDICT_MS, async () => {
        const [newest] = await api.upgradesOf(id);
        return newest?.id === requested.id && newest.finished_at !== null ? newest : undefined;
      });
      return ended.error_code === 'upgrade_rate_limited' ? undefined : ended;
    });
    expect(asked).toMatchObject({ action: 'return', version: '1.0.0', from_version: '1.1.0', state: 'committed', error_code: null });
    const returned = await api.nodeThat(name, 'on 1.0.0', (node) => node.committed_version === '1.0.0', VERDICT_MS);
    expect(returned).toMatchObject({ software_version: '1.0.0', badge: { kind: 'updated', to_version: '1.0.0' } });
  }, 300_000);
});
