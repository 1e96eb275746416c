import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { effectiveSettings } from './effective-settings.ts';
import { examineConfig, loadConfig, type LoadedConfig } from './load-config.ts';

const MANAGER = { url: 'ws://127.0.0.1:8080/ws/node' };
const SOURCE = { api_base_url: 'https://api.example', owner: 'acme', repo: 'edge' };

describe('loadConfig', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'tidegate-config-'));
    mkdirSync(join(root, 'config.d'));
  });
  afterEach(() => rmSync(root, { recursive: true }));
  const write = (name: string, content: unknown): void =>
    writeFileSync(join(root, name), typeof content === 'string' ? content : JSON.stringify(content));
  const load = (content: unknown, startTimeoutSecs?: string) => {
    write('config.json', content);
    return loadConfig({ root, startTimeoutSecs });
  };
  const loaded = async (content: unknown, startTimeoutSecs?: string): Promise<LoadedConfig> => {
    const verdict = await load(content, startTimeoutSecs);
    if (!verdict.ok) throw new Error(JSON.stringify(verdict.details));
    return verdict.value;
  };

  it('fills in the defaults: upgrades are off until somebody on the node allows them', async () => {
    expect((await loaded({ manager: MANAGER })).config).toEqual({
      manager: MANAGER,
      upgrade: {
        enabled: false,
        allowed_channels: ['stable'],
        min_version: null,
        rollback_grace: 1,
        allow_major: false,
        manual_only: false,
        maintenance_window: null,
        boot_health_window_secs: 120,
        boot_health_max_secs: 0,
        max_boot_attempts: 3,
        max_attempts_per_day: 10,
        min_attempt_interval_secs: 30,
        download_rate_limit: null,
        mirrors: [],
        keep_versions: 3,
      },
      local_api: { port: null },
    });
  });

  it('needs no manager', async () => {
    expect((await loaded({})).config.manager).toBeUndefined();
  });

  it('names unknown keys, also inside lists, and starts all the same', async () => {
    const { unknownKeys, config } = await loaded({
      manager: { ...MANAGER, proxy: 'x' },
      upgrade: { enabled: true, deltas: { on: true }, mirrors: [SOURCE, { ...SOURCE, weight: 2 }] },
      telemetry: {},
      ['__proto__']: 1,
    });
    expect(unknownKeys).toEqual(['manager.proxy', 'upgrade.deltas', 'upgrade.mirrors.1.weight', 'telemetry', '__proto__']);
    expect(config.upgrade.enabled).toBe(true);
  });

  it('lets fragments win in the order of their names, key by key, and knows where each value is from', async () => {
    write('config.d/20-site.json', { upgrade: { rollback_grace: 0, allowed_channels: ['beta'] } });
    write('config.d/10-fleet.json', { upgrade: { enabled: true, rollback_grace: 3 }, name: 'pier-4' });
    write('config.d/.15-hidden.json', { upgrade: { enabled: false } });
    write('config.d/30-old.json~', '{');
    const value = await loaded({ manager: MANAGER, upgrade: { allowed_channels: ['stable', 'nightly'], keep_versions: 4 } });
    expect(value.files).toEqual(['config.json', 'config.d/10-fleet.json', 'config.d/20-site.json']);
    const settings = Object.fromEntries(effectiveSettings(value).map(({ key, value: shown, from }) => [key, [shown, from]]));
    expect(settings).toMatchObject({
      name: ['pier-4', 'config.d/10-fleet.json'],
      'manager.url': [MANAGER.url, 'config.json'],
      'upgrade.enabled': [true, 'config.d/10-fleet.json'],
      'upgrade.rollback_grace': [0, 'config.d/20-site.json'],
      'upgrade.allowed_channels': [['beta'], 'config.d/20-site.json'],
      'upgrade.keep_versions': [4, 'config.json'],
      'upgrade.allow_major': [false, 'default'],
    });
  });

  it('keeps a key called __proto__ in a fragment to itself', async () => {
    write('config.d/10-x.json', '{"upgrade":{"__proto__":{"enabled":true}}}');
    expect((await loaded({ upgrade: {} })).config.upgrade.enabled).toBe(false);
  });

  it('masks credentials in addresses, also inside lists', async () => {
    const proxy = 'http://site:hunter2@proxy.example:3128';
    const value = await loaded({ source: { ...SOURCE, proxy }, upgrade: { mirrors: [{ ...SOURCE, proxy }] } });
    const shown = JSON.stringify(effectiveSettings(value));
    expect(shown).not.toContain('hunter2');
    expect(shown.match(/\*\*\*@proxy\.example/g)).toHaveLength(2);
  });

  it('hands out frozen settings', async () => {
    const { config } = await loaded({ upgrade: { maintenance_window: { from: '01:00', to: '03:00' } } });
    expect(() => Object.assign(config.upgrade, { enabled: true })).toThrow(TypeError);
    expect(() => (config.upgrade.maintenance_window?.days as string[]).push('sun')).toThrow(TypeError);
  });

  it('refuses a source whose address is no URL', async () => {
    const details = { file: 'config.json', key: 'source.api_base_url' };
    expect(await load({ source: { ...SOURCE, api_base_url: 'api.example' } })).toMatchObject({
      ok: false,
      code: 'config_invalid',
      details,
    });
  });

  it('lists every problem at once, each with its file', async () => {
    write('config.json', { upgrade: { rollback_grace: -1 } });
    write('config.d/10-x.json', { upgrade: { max_attempts_per_day: 'many', download_rate_limit: 5 } });
    expect((await examineConfig({ root, startTimeoutSecs: undefined })).problems).toEqual([
      { file: 'config.json', key: 'upgrade.rollback_grace', rule: expect.any(String) },
      { file: 'config.d/10-x.json', key: 'upgrade.max_attempts_per_day', rule: expect.any(String) },
      { file: 'config.d/10-x.json', key: 'upgrade.download_rate_limit', rule: expect.any(String) },
    ]);
  });

  it.each([
    ['no JSON', '{'],
    ['no plain file', null],
  ])('refuses a fragment that is %s instead of running without it', async (_, content) => {
    const name = 'config.d/10-policy.json';
    if (content === null) symlinkSync('/dev/zero', join(root, name));
    else write(name, content);
    expect(await load({})).toMatchObject({ ok: false, code: 'config_invalid', details: { file: name } });
  });

  it.each([
    ['120', 119, false],
    ['120', 120, true],
    [undefined, 5, true],
    ['soon', 120, false],
  ])('where a start may take %s s, a window of %s s passes: %s', async (limit, windowSecs, passes) => {
    const verdict = await load({ upgrade: { boot_health_window_secs: windowSecs } }, limit);
    expect(verdict).toMatchObject(passes ? { ok: true } : { ok: false, code: 'config_invalid' });
  });

  it.each([
    ['no JSON', '{', '', 'is no JSON'],
    ['no object', '[]', '', expect.any(String)],
    ['a fragment of an address', { manager: {} }, 'manager.url', expect.any(String)],
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
    [
      'plain text to a source',
      { source: { ...SOURCE, api_base_url: 'http://api.example' } },
      'source.api_base_url',
      'is plain text; use https:',
    ],
    [
      'plain text to another host, whatever is allowed for this one',
      { upgrade: { mirrors: [{ ...SOURCE, api_base_url: 'http://api.example', allow_loopback_http: true }] } },
      'upgrade.mirrors.0.api_base_url',
      'is plain text; use https:',
    ],
    ['a proxy of another kind', { source: { ...SOURCE, proxy: 'socks5://x' } }, 'source.proxy', 'is neither http: nor https:'],
    [
      'a zone nobody knows',
      { upgrade: { maintenance_window: { from: '01:00', to: '02:00', time_zone: 'Mars/North' } } },
      'upgrade.maintenance_window.time_zone',
      'is no time zone',
    ],
    [
      'an hour the day does not have',
      { upgrade: { maintenance_window: { from: '24:00', to: '02:00' } } },
      'upgrade.maintenance_window.from',
      expect.any(String),
    ],
    ['a name of two lines', { manager: MANAGER, name: 'a\nb' }, 'name', expect.any(String)],
  ])('refuses %s, naming the key and never the value', async (_, content, key, rule) => {
    const verdict = await load(content);
    expect(verdict).toMatchObject({ ok: false, code: 'config_invalid', details: { key, rule } });
    expect(JSON.stringify(verdict)).not.toContain('yes');
  });

  it('refuses a file that is not there', async () => {
    expect(await loadConfig({ root, startTimeoutSecs: undefined })).toMatchObject({
      ok: false,
      details: { rule: 'cannot be read: ENOENT' },
    });
  });
});
