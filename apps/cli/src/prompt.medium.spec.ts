import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';

const PASSWORD = 'correct horse battery';
const OWN_FACTOR = '/api/v1/account/second-factor';
const TWO_STEPS = 'a password that is not enough';
const session = (via: string) => ({
  user: { id: '9cc58df2-308d-4475-bac6-423de48e3bcc', username: 'anna', role: 'user' },
  via,
  password_change_required: false,
  csrf_token: 'csrf-secret',
  expires_at: '2026-03-01T10:00:00Z',
});

let home: string;
let given: unknown;
let asked: string[] = [];
const manager = createServer((request, response) => {
  void (async () => {
    if (request.method !== 'GET') given = JSON.parse(await text(request));
    const answer = (body: object): void => void response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    asked.push(`${request.method} ${request.url}`);
    if (request.url === `${OWN_FACTOR}/removal`) return void response.writeHead(204).end();
    if (request.url === OWN_FACTOR)
      return answer(request.method === 'POST' ? { secret: 'ABCDEFGHIJKL', uri: 'otpauth://totp/x' } : { recovery_codes: ['one', 'two'] });
    if ((given as { password?: string } | undefined)?.password === TWO_STEPS)
      return answer({ second_factor_required: true, challenge: 'a challenge', expires_at: '2026-03-01T10:00:00Z' });
    response.setHeader('set-cookie', 'tidegate-1=cookie-secret; HttpOnly');
    answer(session('session'));
  })();
});
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'tidegate-cli-'));
  manager.listen(0, '127.0.0.1');
  await once(manager, 'listening');
});
afterAll(() => {
  manager.closeAllConnections();
  manager.close();
  rmSync(home, { recursive: true, force: true });
});

const login = (answers: Readonly<Record<string, string>>) =>
  atTerminal(`login http://127.0.0.1:${(manager.address() as AddressInfo).port}`, answers);

/** On a real terminal, that of `script`; answers each question once it is asked. */
async function atTerminal(words: string, answers: Readonly<Record<string, string>>): Promise<{ screen: string; code: number | null }> {
  asked = [];
  const command = `"${process.execPath}" "${join(import.meta.dirname, 'main.ts')}" ${words}`;
  const { PATH = '' } = process.env;
  const child = spawn('script', ['-qec', command, '/dev/null'], { env: { PATH, XDG_CONFIG_HOME: home, TERM: 'xterm' } });
  let screen = '';
  const open = { ...answers };
  child.stdout.on('data', (chunk: Buffer) => {
    screen += chunk.toString();
    for (const [question, answer] of Object.entries(open)) {
      if (!screen.includes(`${question}: `)) continue;
      delete open[question];
      child.stdin.write(answer);
    }
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { screen, code };
}

describe('a login at a terminal', () => {
  it('asks, shows nothing of the password, and takes a correction', async () => {
    const { screen, code } = await login({ User: 'anna\r', Password: `${PASSWORD}x\u007f\r` });
    expect({ code, given }).toEqual({ code: 0, given: { username: 'anna', password: PASSWORD } });
    expect(screen).toContain('Signed in');
    expect(screen).not.toContain('horse');
    expect(JSON.parse(readFileSync(join(home, 'tidegate/contexts.json'), 'utf8'))).toMatchObject({
      contexts: {
        [`127.0.0.1:${(manager.address() as AddressInfo).port}`]: { username: 'anna', credential: { cookie: 'tidegate-1=cookie-secret' } },
      },
    });
  }, 8_000);

  it.each([
    ['a code', '123 456', { code: '123 456' }],
    ['a recovery code', 'abcd-efgh-2345-6789', { recovery_code: 'abcd-efgh-2345-6789' }],
  ])(
    'asks for a second factor where the password is not enough, and takes %s',
    async (_case, typed, proof) => {
      const { screen, code } = await login({ User: 'anna\r', Password: `${TWO_STEPS}\r`, Code: `${typed}\r` });
      expect({ code, given }).toEqual({ code: 0, given: { challenge: 'a challenge', ...proof } });
      expect(screen).toContain('Signed in');
    },
    8_000,
  );

  it('sends nothing when Ctrl-C answers the question', async () => {
    given = undefined;
    const { code } = await login({ User: 'anna\r', Password: '\u0003' });
    expect({ code, given }).toEqual({ code: 130, given: undefined });
  }, 8_000);
});

describe('a second factor at a terminal', () => {
  it('is turned on by the password and a first code, after the secret and before the recovery codes', async () => {
    await login({ User: 'anna\r', Password: `${PASSWORD}\r` });
    const { screen, code } = await atTerminal('account second-factor on', { Password: `${PASSWORD}\r`, Code: '123456\r' });
    expect({ code, given, asked }).toEqual({ code: 0, given: { code: '123456' }, asked: [`POST ${OWN_FACTOR}`, `PUT ${OWN_FACTOR}`] });
    const shown = ['ABCD EFGH IJKL', 'otpauth://totp/x', 'Code: ', 'one, two', 'It is on.'].map((text) => screen.indexOf(text));
    expect(shown).toEqual(shown.toSorted((a, b) => a - b));
    expect(shown).not.toContain(-1);
    expect(screen).not.toContain(PASSWORD);
  }, 16_000);

  it('is turned off by the password and a recovery code', async () => {
    await login({ User: 'anna\r', Password: `${PASSWORD}\r` });
    const { code } = await atTerminal('account second-factor off', { Password: `${PASSWORD}\r`, Code: 'abcd-efgh-2345-6789\r' });
    expect({ code, given, asked }).toEqual({
      code: 0,
      given: { password: PASSWORD, recovery_code: 'abcd-efgh-2345-6789' },
      asked: [`POST ${OWN_FACTOR}/removal`],
    });
  }, 16_000);
});
