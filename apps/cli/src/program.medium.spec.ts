import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterAll, describe, expect, it } from '@jest/globals';
import { ROUTES, type RouteName } from '@tidegate/contract-api';
import { candidates, SCRIPTS } from './completion.ts';
import { ContextFile } from './context-file.ts';
import { OPERATIONS } from './operations.ts';
import { buildProgram } from './program.ts';
import { fieldsOf, filled, optionOf } from './route-options.ts';
import { checkedUrl, managerOf, type Surroundings } from './session.ts';
import { Client } from './client.ts';
import { Ending } from './ending.ts';

const folder = mkdtempSync(join(tmpdir(), 'tidegate-cli-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const NOW = new Date('2026-03-01T10:00:00Z');
const surroundings = (contexts = new ContextFile(join(folder, 'none.json'))): Surroundings => ({
  stdin: process.stdin,
  stdout: new PassThrough() as unknown as NodeJS.WriteStream,
  stderr: new PassThrough() as unknown as NodeJS.WriteStream,
  contexts,
  signal: new AbortController().signal,
  readFile: (path) => readFileSync(path, 'utf8'),
  now: () => NOW,
  environment: { url: undefined, token: undefined },
  mayColor: false,
});
const words = (...typed: string[]): string[] => candidates(buildProgram(surroundings(), 'test'), typed).map(({ word }) => word);

describe('the tree of commands', () => {
  it('reaches every operation that people use', () => {
    // By hand in their own files; and what is for nodes, for SIEMs and for browsers.
    const byHand: RouteName[] = [
      'signIn',
      'readSession',
      'signOut',
      'completeSignIn',
      'changePassword',
      'beginSecondFactor',
      'confirmSecondFactor',
      'removeSecondFactor',
      'requestUpgrade',
      'returnNode',
      'beginRollout',
      'checkUpgrades',
      'openStream',
    ];
    const more: RouteName[] = ['listDiscoveryCandidates', 'exportAudit', 'verifyAudit', 'healthz', 'readyz'];
    const notForPeople = /^(pullEvents|pullAudit|readOpenApi|listMirrored|readMirrored|replaceNodeLabels|.*Oidc.*|.*SignInMethods.*)/;
    const reached = new Set<string>([...OPERATIONS.map(({ route }) => route), ...byHand, ...more]);
    expect(Object.keys(ROUTES).filter((name) => !reached.has(name) && !notForPeople.test(name))).toEqual([]);
  });

  it('completes commands, options and their choices, and asks no manager for it', () => {
    expect(words('no')).toEqual(['node']);
    expect(words('node', 'ma')).toEqual(['maintenance']);
    expect(words('node', 'maintenance', '')).toEqual(['start', 'end']);
    expect(words('node', 'list', '--conn')).toEqual(['--connection']);
    expect(words('node', 'list', '--connection', 'o')).toEqual(['online', 'offline']);
    expect(words('-o', 'y')).toEqual(['yaml']);
    expect(words('-o', 'json', 'audit', 've')).toEqual(['verify']);
    expect(words('completion', '')).toEqual(['bash', 'zsh', 'fish']);
    expect(words('node', 'get', 'x', '')).toEqual([]);
  });

  it('completes in a real bash', () => {
    const script = `tidegate() { "${process.execPath}" "${join(import.meta.dirname, 'main.ts')}" "$@"; }
${SCRIPTS.bash}
COMP_WORDS=(tidegate node maint); COMP_CWORD=2; _tidegate; printf '%s\\n' "\${COMPREPLY[@]}"`;
    const { stdout, stderr } = spawnSync('bash', ['--norc', '-c', script], { encoding: 'utf8', env: { PATH: process.env['PATH'] } });
    expect({ stdout, stderr }).toEqual({ stdout: 'maintenance\n', stderr: '' });
  });
});

describe('options', () => {
  const client = new Client({ url: 'http://127.0.0.1:1', ca: null, credential: null }, new AbortController().signal);
  const given = (route: RouteName, options: Record<string, unknown>) => filled(fieldsOf(route, []), options, client, NOW);

  it('come from the schemas of the route: limits, choices and what is required', () => {
    const option = (route: RouteName, name: string) => optionOf(fieldsOf(route, []).find((field) => field.name === name)!);
    expect(option('listNodes', 'connection').argChoices).toContain('respawning');
    expect(option('revokeNode', 'reason').mandatory).toBe(true);
    expect(option('requestUpgrade', 'queue').flags).toBe('--queue');
    const { parseArg } = option('listNodes', 'limit');
    expect(parseArg?.('500', undefined as never)).toBe(500);
    for (const wrong of ['0', '501', 'x', '1e2', '-1']) expect(() => parseArg?.(wrong, undefined as never)).toThrow('from 1 to 500');
  });

  it('take durations for times and lists with commas, and `none` where something can be taken away', async () => {
    expect((await given('listEvents', { from: '2h' })).query).toEqual({ from: '2026-03-01T08:00:00.000Z' });
    expect((await given('startNodeMaintenance', { until: '2h' })).body).toEqual({ until: '2026-03-01T12:00:00.000Z' });
    expect((await given('createRegistrationToken', { ttlSecs: '12h' })).body).toEqual({ ttl_secs: 43_200 });
    expect((await given('createApiToken', { scopes: 'read, siem' })).body).toEqual({ scopes: ['read', 'siem'] });
    expect((await given('updateUser', { expiresAt: 'none', disabled: 'true' })).body).toEqual({ expires_at: null, disabled: true });
  });
});

describe('contexts', () => {
  it('lie in a file that is its owner’s alone, whatever lay there before', () => {
    const file = new ContextFile(join(folder, 'deep', 'contexts.json'));
    expect(file.read()).toEqual({ current: null, contexts: {} });
    file.write({ current: null, contexts: {} });
    writeFileSync(`${file.path}.${process.pid}`, 'left by a killed run', { mode: 0o644 });
    file.write({ current: 'a', contexts: {} });
    expect(statSync(file.path).mode & 0o777).toBe(0o600);
    expect(file.read().current).toBe('a');
    writeFileSync(file.path, '{"token": "tgp_secret"');
    expect(() => file.read()).toThrow(Ending);
    expect(() => file.read()).not.toThrow(/tgp_secret/);
  });

  it('give their credential to no other manager than their own', () => {
    const file = new ContextFile(join(folder, 'own.json'));
    const credential = { via: 'api_token' as const, token: 'tgp_x' };
    file.write({ current: 'a', contexts: { a: { url: 'https://a.example.org', username: 'u', credential, ca_file: null } } });
    const options = { output: 'table' as const, color: false };
    expect(managerOf(surroundings(file), options).credential).toEqual(credential);
    expect(() => managerOf(surroundings(file), { ...options, url: 'https://b.example.org' })).toThrow('https://a.example.org');
    expect(() => managerOf(surroundings(file), { ...options, context: '__proto__' })).toThrow('There is no context');
  });

  it.each(['http://manager.example.org', 'ftp://a', 'nonsense', 'https://user:password@a.example.org'])('refuse %s', (url) =>
    expect(() => checkedUrl(url)).toThrow(Ending),
  );
  it.each(['https://manager.example.org', 'http://127.0.0.1:8080', 'http://localhost', 'http://[::1]:1'])('accept %s', (url) =>
    expect(checkedUrl(url)).toBe(url),
  );
});
