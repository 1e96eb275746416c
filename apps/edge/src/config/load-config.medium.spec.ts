import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { loadConfig } from './load-config.ts';

const MANAGER = { url: 'ws://127.0.0.1:8080/ws/node' };

describe('loadConfig', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tidegate-config-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  const load = (content: unknown) => {
    const file = join(folder, 'config.json');
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
    return loadConfig(file);
  };

  it('fills in the defaults: upgrades are off until somebody on the node allows them', async () => {
    const loaded = await load({ manager: MANAGER });
    expect(loaded.ok && loaded.value).toEqual({
      unknownKeys: [],
      config: {
        manager: MANAGER,
        upgrade: {
          enabled: false,
          allowed_channels: ['stable'],
          rollback_grace: 1,
          allow_major: false,
          boot_health_window_secs: 120,
          boot_health_max_secs: 0,
          max_boot_attempts: 3,
          max_attempts_per_day: 10,
          min_attempt_interval_secs: 30,
          keep_versions: 3,
        },
      },
    });
  });

  it('names unknown keys and starts all the same', async () => {
    const loaded = await load({ manager: { ...MANAGER, proxy: 'x' }, upgrade: { enabled: true, deltas: { on: true } }, telemetry: {} });
    expect(loaded.ok && loaded.value.unknownKeys).toEqual(['manager.proxy', 'upgrade.deltas', 'telemetry']);
    expect(loaded.ok && loaded.value.config.upgrade.enabled).toBe(true);
  });

  it.each([
    ['no JSON', '{', '', 'is no JSON'],
    ['no object', '[]', '', expect.any(String)],
    ['no manager', {}, 'manager', expect.any(String)],
    [
      'plain text to another host',
      { manager: { url: 'ws://manager.example/ws/node' } },
      'manager.url',
      'is plain text to another host; use wss:',
    ],
    ['a version that is a path', { manager: MANAGER, upgrade: { min_version: '../1' } }, 'upgrade.min_version', expect.any(String)],
    [
      'a window below the guard’s range',
      { manager: MANAGER, upgrade: { boot_health_window_secs: 1 } },
      'upgrade.boot_health_window_secs',
      expect.any(String),
    ],
    ['text for a switch', { manager: MANAGER, upgrade: { enabled: 'yes' } }, 'upgrade.enabled', expect.any(String)],
    [
      'a repository that is a path',
      { manager: MANAGER, source: { api_base_url: 'https://api.example', owner: '..', repo: 'x/y' } },
      'source.owner',
      expect.any(String),
    ],
    ['a name of two lines', { manager: MANAGER, name: 'a\nb' }, 'name', expect.any(String)],
  ])('refuses %s, naming the key and never the value', async (_, content, key, rule) => {
    const loaded = await load(content);
    expect(loaded).toMatchObject({ ok: false, code: 'config_invalid', details: { key, rule } });
    expect(JSON.stringify(loaded)).not.toContain('yes');
  });

  it('refuses a file that is not there', async () => {
    expect(await loadConfig(join(folder, 'absent.json'))).toMatchObject({ ok: false, details: { rule: 'cannot be read: ENOENT' } });
  });
});
