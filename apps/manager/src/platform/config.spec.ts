import { describe, expect, it } from '@jest/globals';
import { parseConfig, SETTINGS } from './config.ts';
import { withoutSecrets } from './shown-config.ts';

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

  it('takes every scalar of the schema from the environment, each under a name of its own', () => {
    const config = parseConfig(file, {
      TIDEGATE_ADMIN_USERNAME: '123',
      TIDEGATE_TLS_CERT_FILE: '/cert',
      TIDEGATE_TLS_KEY_FILE: '/key',
      TIDEGATE_MIRROR_MAX_DOWNLOADS: '7',
      TIDEGATE_TRUST_PROXY: '["192.0.2.0/24"]',
    });
    expect(config).toMatchObject({ admin: { username: '123', password_file: '/secret' }, trust_proxy: ['192.0.2.0/24'] });
    expect([config.tls, config.mirror.max_downloads]).toEqual([{ cert_file: '/cert', key_file: '/key', min_version: '1.2' }, 7]);
    expect([...SETTINGS.keys()]).toEqual(expect.arrayContaining(['TIDEGATE_DATABASE_URL', 'TIDEGATE_RETENTION_EVENTS_DAYS']));
  });

  it('is printed without a password, wherever an address holds one', () => {
    const secret = 'hunter2secret';
    const urls = [`postgresql://u:${secret}@db/x`, `postgresql://u@db/x?password=${secret}`];
    const shown = urls.map((database_url) => JSON.stringify(withoutSecrets(parseConfig({ ...file, database_url }))));
    expect(shown.join()).not.toContain(secret);
    expect(shown.join()).toContain('postgresql://u:***@db/x');
  });

  it('takes the key that seals from the environment only, and prints no more of it than that there is one', () => {
    const key = Buffer.alloc(32, 'sentinel').toString('base64');
    const config = parseConfig(file, { TIDEGATE_SECRETS_KEY: key });
    expect(config.secrets.key).toBe(key);
    expect(withoutSecrets(config)).toMatchObject({ secrets: { key: '***' } });
    expect(withoutSecrets(parseConfig(file))).toMatchObject({ secrets: { previous_key_files: [] } });
    const problems = (given: object, environment = {}): unknown => {
      try {
        return parseConfig({ ...file, ...given }, environment);
      } catch (error) {
        return (error as { details: unknown }).details;
      }
    };
    expect(problems({ secrets: { key } })).toEqual({ problems: ['secrets.key: from the environment only'] });
    expect(problems({}, { TIDEGATE_SECRETS_KEY: 'short' })).toEqual({ problems: ['secrets.key: invalid_format'] });
  });

  it('takes the remotes of discovery from the environment too', () => {
    const remote = { device_type: 'tidegate-edge', url: 'https://git.example/acme/edge.git' };
    const config = parseConfig(file, { TIDEGATE_DISCOVERY_REMOTES: JSON.stringify([remote]), TIDEGATE_MIRROR_ENABLED: 'true' });
    expect(config.discovery.remotes).toMatchObject([{ ...remote, tag_pattern: 'v{version}', username: 'x-access-token' }]);
    expect([config.discovery.check_every_secs, config.mirror.enabled]).toEqual([1800, true]);
    expect(() => parseConfig(file, { TIDEGATE_DISCOVERY_REMOTES: '[{' })).toThrow(
      expect.objectContaining({ details: { problems: ['discovery.remotes: invalid_type'] } }),
    );
  });

  it.each([
    'http://git.example/edge.git',
    'http://127.0.0.1/edge.git',
    'https://localhost:8443@169.254.169.254/edge.git',
    'https://169.254.169.254/edge.git',
    'https://[fe80::1]/edge.git',
    'https://10.0.0.5/edge.git',
    'https://127.0.0.1/edge.git',
    'https://someone:secret@git.example/edge.git',
    'https://git.example/edge.git?token=secret',
    'ssh://git@git.example/edge.git',
    'file:///srv/edge.git',
  ])('refuses %s as the address of a remote or a release source', (url) => {
    const remote = { device_type: 'tidegate-edge', url };
    const source = { device_type: 'tidegate-edge', api_base_url: url, owner: 'acme', repo: 'edge' };
    const thrown = (field: string) => expect.objectContaining({ code: 'config_invalid', details: { problems: [`${field}: custom`] } });
    expect(() => parseConfig({ ...file, discovery: { remotes: [remote] } })).toThrow(thrown('discovery.remotes.0.url'));
    expect(() => parseConfig({ ...file, release_sources: [source] })).toThrow(thrown('release_sources.0.api_base_url'));
  });

  it('takes an address of a private network or of this machine where that is said', () => {
    const remotes = [
      { device_type: 'a', url: 'https://10.0.0.5/a.git', allow_private_addresses: true },
      { device_type: 'b', url: 'http://127.0.0.1:8080/b.git', allow_loopback_http: true },
    ];
    expect(parseConfig({ ...file, discovery: { remotes } }).discovery.remotes).toHaveLength(2);
  });

  it.each([
    [
      { ...file, discovery: { remotes: [{ device_type: 'a', url: 'https://g.example/a', tag_pattern: 'v*' }] } },
      'discovery.remotes.0.tag_pattern: invalid_format',
    ],
    [{ ...file, discovery: { remotes: Array(2).fill({ device_type: 'a', url: 'https://g.example/a' }) } }, 'discovery.remotes: custom'],
    [
      { ...file, discovery: { remotes: [{ device_type: 'a', url: 'https://g.example/a', username: 'a:b' }] } },
      'discovery.remotes.0.username: invalid_format',
    ],
    [{ ...file, upgrade: { enabled: true } }, 'upgrade: unrecognized_keys'],
    [{ ...file, listen: { port: 70_000 } }, 'listen.port: too_big'],
    [{ ...file, database_url: 5 }, 'database_url: invalid_type'],
    [null, 'listen: invalid_type'],
  ])('refuses a bad file and names the field, never the value', (bad, problem) => {
    expect(() => parseConfig(bad)).toThrow(
      expect.objectContaining({ code: 'config_invalid', details: { problems: expect.arrayContaining([problem]) } }),
    );
  });

  const provider = { issuer: 'https://id.example/realm', client_id: 'tidegate' };
  const withOidc = (change: object) => ({ ...file, public_origin: 'https://tidegate.example', oidc: { ...provider, ...change } });

  it('takes a provider for signing in, and lets nobody in by it that an administrator has not linked', () => {
    expect(parseConfig(withOidc({})).oidc).toMatchObject({
      ...provider,
      allow_create: false,
      role_map: [],
      scopes: ['openid', 'profile', 'email'],
    });
    expect(parseConfig(file).oidc).toBeUndefined();
  });

  it.each([
    ['public_origin', { ...withOidc({}), public_origin: undefined }],
    ['oidc.issuer', withOidc({ issuer: 'http://id.example' })],
    ['oidc.issuer', withOidc({ issuer: 'http://127.0.0.1:8080' })],
    ['oidc.issuer', withOidc({ issuer: 'https://10.0.0.5' })],
    ['oidc.issuer', withOidc({ issuer: 'https://169.254.169.254', allow_private_addresses: true })],
    ['oidc.issuer', withOidc({ issuer: 'https://id.example/?tenant=a' })],
    ['oidc.scopes', withOidc({ scopes: ['profile'] })],
    ['oidc.role_map.0.role', withOidc({ role_map: [{ value: 'a', group: 'plant' }] })],
    ['oidc.role_map.0.group', withOidc({ role_map: [{ value: 'a' }] })],
    ['oidc.role_map.0.group', withOidc({ role_map: [{ value: 'a', group: 'plant', role: 'viewer', platform_role: 'super_admin' }] })],
  ])('refuses a provider by %s', (field, bad) => {
    expect(() => parseConfig(bad)).toThrow(
      expect.objectContaining({ code: 'config_invalid', details: { problems: expect.arrayContaining([`${field}: custom`]) } }),
    );
  });

  it('refuses the client’s secret in clear text', () => {
    expect(() => parseConfig(withOidc({ client_secret: 'hunter2' }))).toThrow(
      expect.objectContaining({ details: { problems: ['oidc.client_secret: invalid_format'] } }),
    );
  });
});
