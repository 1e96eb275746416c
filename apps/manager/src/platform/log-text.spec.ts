import { describe, expect, it } from '@jest/globals';
import { CodedError } from '@tidegate/contract-errors';
import { createLog } from './log.ts';
import { harmless, harmlessText } from './log-text.ts';

const SENTINEL = 'hunter2-correct-horse-battery-staple';

describe('a text in the log', () => {
  it.each([
    `postgresql://tidegate:${SENTINEL}@db.example/tidegate`,
    `getaddrinfo ENOTFOUND https://${SENTINEL}@git.example/x`,
    `https://api.example/x?access_token=${SENTINEL}&page=2`,
    `postgresql://db/x?user=a&password=${SENTINEL}`,
    `Authorization: Bearer ${SENTINEL}`,
    `authorization: basic ${SENTINEL}`,
    `tgr_${SENTINEL}`,
    `cookie tidegate-7080=${SENTINEL}; other=1`,
    `__Host-tidegate=${SENTINEL}`,
    `enc:v1:0123456789abcdef:${SENTINEL}`,
    `Unexpected end of JSON input in {"username":"admin","password":"${SENTINEL}`,
  ])('holds no secret: %s', (text) => {
    expect(harmlessText(text)).not.toContain(SENTINEL);
    expect(harmlessText(text)).toContain('[redacted]');
  });

  it.each(['a node at https://git.example/acme/edge.git', 'token_expired', 'basic facts are missing', 'tidegate-edge=1.2.3'])(
    'stays as it is: %s',
    (text) => expect(harmlessText(text)).toBe(text),
  );

  it('cannot end its line, move a cursor or turn around', () => {
    const hostile = 'a\r\n{"level":60,"msg":"forged"}\u001b[2J\u0000\u0085\u009b31m\u2028\u2029\u202e\u2066b\u007f';
    const lines: string[] = [];
    createLog('info', { write: (line) => void lines.push(line) }).info({ [hostile]: hostile, err: new Error(hostile) }, hostile);
    const [line = ''] = lines;
    expect(lines).toHaveLength(1);
    expect(line.endsWith('\n')).toBe(true);
    expect(line.slice(0, -1)).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/);
    expect(JSON.parse(line)).toMatchObject({ level: 30, msg: expect.stringContaining('a\r\n{"level":60') });
  });
});

describe('an object in the log', () => {
  it('loses what is secret by its name, however deep it lies', () => {
    const secret = { password: SENTINEL, database_url: SENTINEL, 'set-cookie': [SENTINEL], headers: { authorization: SENTINEL } };
    const shown = JSON.stringify(harmless({ a: { b: [{ ...secret, csrf_token: SENTINEL, private_key: SENTINEL }] }, user: 'admin' }));
    expect(shown).not.toContain(SENTINEL);
    expect(shown).toContain('"user":"admin"');
    expect(harmless({ token_id: 'a', token_file: '/b', code: 'token_expired' })).toEqual({
      token_id: 'a',
      token_file: '/b',
      code: 'token_expired',
    });
  });

  it('keeps of an error its words, its code and its cause, and not what hangs on it', () => {
    const cause = Object.assign(new TypeError('duplicate key'), {
      parameters: [SENTINEL],
      driverError: { detail: SENTINEL },
      code: '23505',
    });
    const shown = harmless({ err: new CodedError('source_unavailable', { status: 500 }, { cause }) }) as { err: object };
    expect(JSON.stringify(shown)).not.toContain(SENTINEL);
    expect(shown.err).toMatchObject({
      code: 'source_unavailable',
      details: { status: 500 },
      stack: expect.stringContaining('log-text.spec'),
      cause: { type: 'TypeError', message: 'duplicate key', code: '23505' },
    });
  });

  it('is cut where it never ends', () => {
    const circle: Record<string, unknown> = { text: 'x'.repeat(100_000), bytes: Buffer.from(SENTINEL), list: Array(1000).fill(1) };
    circle['self'] = circle;
    const text = JSON.stringify(harmless(circle));
    expect(text.length).toBeLessThan(200_000);
    expect(text).not.toContain(SENTINEL);
  });
});
