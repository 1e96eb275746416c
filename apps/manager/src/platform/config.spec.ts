import { describe, expect, it } from '@jest/globals';
import { parseConfig } from './config.ts';

const file = { listen: { port: 7080 }, data_dir: '/data', admin: { password_file: '/secret' } };

describe('parseConfig', () => {
  it('fills defaults', () => {
    expect(parseConfig(file)).toMatchObject({
      listen: { host: '127.0.0.1' },
      upgrade_timeout_secs: 900,
      stale_after_secs: 45,
      offline_after_secs: 60,
      node_settings: { beat_interval_secs: 15 },
    });
  });

  it('lets the environment override scalars, also nested ones', () => {
    const config = parseConfig(file, { TIDEGATE_LISTEN_PORT: '9000', TIDEGATE_DATA_DIR: '/elsewhere', TIDEGATE_NODE: '/ignored' });
    expect([config.listen.port, config.data_dir]).toEqual([9000, '/elsewhere']);
  });

  it.each([
    [{ ...file, upgrade: { enabled: true } }, 'upgrade: unrecognized_keys'],
    [{ ...file, listen: { port: 70_000 } }, 'listen.port: too_big'],
    [{ ...file, database_url: 5 }, 'database_url: invalid_type'],
    [null, 'listen: invalid_type'],
  ])('refuses a bad file and names the field, never the value', (bad, problem) => {
    expect(() => parseConfig(bad)).toThrow(
      expect.objectContaining({ code: 'config_invalid', details: { problems: expect.arrayContaining([problem]) } }),
    );
  });
});
