/** What people try on a sign-in by OpenID Connect (RFC 9700, RFC 6819), each as a test that has to end without a session. */
import { once } from 'node:events';
import { request, type IncomingMessage } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@tidegate/test-kit';
import { ManagerUnderTest } from '../../testing/manager-under-test.ts';
import { OidcBrowser } from '../../testing/oidc-browser.ts';
import { OidcWorld } from '../../testing/oidc-world.ts';
import { newUser } from '../../testing/people.ts';
import { auditOf } from '../../testing/sql.ts';

let database: TestDatabase;
let world: OidcWorld;
let manager: ManagerUnderTest;

beforeAll(async () => {
  database = await createTestDatabase();
  world = await OidcWorld.start();
  manager = await ManagerUnderTest.start({ database_url: database.url, ...world.config() });
  await manager.signIn();
  for (const login of ['victim', 'attacker']) {
    await world.knows(login);
    const { id } = await newUser(manager);
    await manager.call('POST', `/api/v1/users/${id}/identities`, { subject: login });
  }
});
beforeEach(() => {
  world.tamper = null;
  manager.clock.advance(61_000);
});
afterAll(async () => {
  await manager.dispose();
  await world.dispose();
  await database.stop();
});

const victim = () => new OidcBrowser(world.origin, 'victim');
const attacker = () => new OidcBrowser(world.origin, 'attacker');
const stateCookie = () => `tidegate-${manager.port}-oidc`;
const isSignedIn = async (browser: OidcBrowser) => (await browser.ask('/api/v1/session')).status === 200;
const lastReason = async () => (await auditOf(database.url, 'unknown')).at(-1)?.details['reason'];

async function expectRefusal(browser: OidcBrowser, callback: URL, code: string): Promise<void> {
  expect(await browser.finish(callback.href)).toMatchObject({ status: 302, error: code });
  expect(await isSignedIn(browser)).toBe(false);
  expect(await lastReason()).toBe(code);
}
const without = (url: URL, name: string): URL => {
  const copy = new URL(url);
  copy.searchParams.delete(name);
  return copy;
};
const having = (url: URL, name: string, value: string): URL => {
  const copy = new URL(url);
  copy.searchParams.set(name, value);
  return copy;
};

it('ends with a session when nobody attacks', async () => {
  const browser = victim();
  expect(await browser.signIn()).toMatchObject({ error: null });
  expect(await isSignedIn(browser)).toBe(true);
});

describe('an answer that belongs to no question of this browser', () => {
  it('is refused with another state, without one, and with two', async () => {
    for (const forge of [
      (url: URL) => having(url, 'state', 'x'.repeat(43)),
      (url: URL) => without(url, 'state'),
      (url: URL) => new URL(`${url.href}&state=${url.searchParams.get('state')}`),
      (url: URL) => new URL(`${url.href}&state=other`),
    ]) {
      const browser = victim();
      await expectRefusal(browser, forge(await browser.callback()), 'oidc_state_invalid');
    }
  });

  it('is refused in the browser of a victim, who would work in the attacker’s account (login CSRF)', async () => {
    const prepared = await attacker().callback();
    const fresh = victim();
    await expectRefusal(fresh, prepared, 'oidc_state_invalid');
    const underWay = victim();
    await underWay.begin();
    await expectRefusal(underWay, prepared, 'oidc_state_invalid');
  });

  it('is refused when the attacker’s code is given the victim’s state (code injection)', async () => {
    const theirs = await attacker().callback();
    const browser = victim();
    const own = await browser.callback();
    await expectRefusal(browser, having(own, 'code', theirs.searchParams.get('code') ?? ''), 'oidc_response_invalid');
  });

  it('is refused with a cookie that was altered, made up, or begun too long ago', async () => {
    const altered = victim();
    const callback = await altered.callback();
    const sealed = altered.cookies()[stateCookie()] ?? '';
    expect(sealed).toMatch(/^enc/);
    expect(sealed).not.toContain(callback.searchParams.get('state') ?? '');
    altered.setCookie(stateCookie(), `${sealed.slice(0, -5)}${sealed.at(-5) === 'A' ? 'B' : 'A'}${sealed.slice(-4)}`);
    await expectRefusal(altered, callback, 'oidc_state_invalid');
    const madeUp = victim();
    const other = await madeUp.callback();
    madeUp.setCookie(stateCookie(), encodeURIComponent(JSON.stringify({ state: other.searchParams.get('state') })));
    await expectRefusal(madeUp, other, 'oidc_state_invalid');
    const late = victim();
    const old = await late.callback();
    for (let minutes = 0; minutes < 10; minutes += 1) manager.clock.advance(60_000);
    await manager.untilReady(200);
    await expectRefusal(late, old, 'oidc_state_invalid');
  });
});

describe('a code', () => {
  it('is good for one sign-in, also for whoever has the cookie too (replay)', async () => {
    const browser = victim();
    const callback = await browser.callback();
    const cookie = browser.cookies()[stateCookie()] ?? '';
    expect(await browser.finish(callback.href)).toMatchObject({ error: null });
    const thief = new OidcBrowser(world.origin, 'victim');
    await expectRefusal(thief, callback, 'oidc_state_invalid');
    thief.setCookie(stateCookie(), cookie);
    await expectRefusal(thief, callback, 'oidc_response_invalid');
  });

  it('is asked for with a challenge of its own and S256', async () => {
    const urls = [new URL(await victim().begin()), new URL(await victim().begin())];
    for (const { searchParams } of urls) {
      expect(searchParams.get('code_challenge_method')).toBe('S256');
      expect(searchParams.get('code_challenge')).toMatch(/^[\w-]{43}$/);
      expect(searchParams.get('response_type')).toBe('code');
    }
    for (const name of ['code_challenge', 'state', 'nonce'])
      expect(urls[0]?.searchParams.get(name)).not.toBe(urls[1]?.searchParams.get(name));
  });

  it('is worth nothing when the challenge was taken out or exchanged on the way (PKCE downgrade)', async () => {
    const stripped = victim();
    const bare = without(without(new URL(await stripped.begin()), 'code_challenge'), 'code_challenge_method');
    await expectRefusal(stripped, new URL(await stripped.atProvider(bare.href)), 'oidc_response_invalid');
    const exchanged = victim();
    const other = having(new URL(await exchanged.begin()), 'code_challenge', 'A'.repeat(43));
    await expectRefusal(exchanged, new URL(await exchanged.atProvider(other.href)), 'oidc_response_invalid');
  });
});

describe('another provider', () => {
  it('is refused as the sender of the answer, and so is one that does not say who it is (mix-up, RFC 9207)', async () => {
    for (const forge of [
      (url: URL) => having(url, 'iss', 'https://evil.example'),
      (url: URL) => having(url, 'iss', `${world.issuer}/`),
      (url: URL) => without(url, 'iss'),
    ]) {
      const browser = victim();
      const callback = await browser.callback();
      expect(callback.searchParams.get('iss')).toBe(world.issuer);
      world.asked();
      await expectRefusal(browser, forge(callback), 'oidc_response_invalid');
      // The code went nowhere.
      expect(world.asked()).toEqual([]);
    }
  });
});

describe('an identity token', () => {
  const now = () => Math.floor(Date.now() / 1000);
  it.each([
    ['with another nonce', () => world.forgeToken((claims) => ({ ...claims, nonce: 'another' }))],
    ['without a nonce', () => world.forgeToken(({ nonce: _, ...claims }) => claims)],
    ['that has expired', () => world.forgeToken((claims) => ({ ...claims, iat: now() - 7200, exp: now() - 3600 }))],
    ['that never expires', () => world.forgeToken(({ exp: _, ...claims }) => claims)],
    ['that is not yet valid', () => world.forgeToken((claims) => ({ ...claims, nbf: now() + 3600 }))],
    ['of another issuer', () => world.forgeToken((claims) => ({ ...claims, iss: 'https://evil.example' }))],
    ['for another client', () => world.forgeToken((claims) => ({ ...claims, aud: 'another' }))],
    ['for several, handed to another', () => world.forgeToken((claims) => ({ ...claims, aud: ['tidegate', 'another'], azp: 'another' }))],
    ['without a subject', () => world.forgeToken(({ sub: _, ...claims }) => claims)],
    ['without a signature (alg none)', () => world.forgeToken((claims) => claims, 'none')],
    ['signed with another key under the right name', () => world.forgeToken((claims) => claims, 'wrong')],
    ['signed with a key that nobody published', () => world.forgeToken((claims) => claims, 'unknown key')],
    ['signed with the client’s secret (algorithm confusion)', () => world.forgeToken((claims) => claims, 'client secret')],
    ['of somebody else, signed by nobody', () => world.forgeToken((claims) => ({ ...claims, sub: 'attacker' }), 'none')],
  ])('%s is refused', async (_what, forge) => {
    const browser = victim();
    const callback = await browser.callback();
    forge();
    await expectRefusal(browser, callback, 'oidc_response_invalid');
  });

  it('that is missing is refused', async () => {
    const browser = victim();
    const callback = await browser.callback();
    world.tamper = (path, answer) => {
      if (path !== '/token') return answer;
      const { id_token: _, ...tokens } = JSON.parse(answer.body) as Record<string, unknown>;
      return { ...answer, body: JSON.stringify(tokens) };
    };
    await expectRefusal(browser, callback, 'oidc_response_invalid');
  });

  it('and claims about somebody else do not go together', async () => {
    const browser = victim();
    const callback = await browser.callback();
    world.tamper = (path, answer) => (path === '/me' ? { ...answer, body: JSON.stringify({ sub: 'attacker', groups: ['root'] }) } : answer);
    await expectRefusal(browser, callback, 'oidc_response_invalid');
  });

  it('is accepted when it is signed anew with the provider’s own key: the tests above fail for their reasons', async () => {
    const browser = victim();
    const callback = await browser.callback();
    world.forgeToken((claims) => claims);
    expect(await browser.finish(callback.href)).toMatchObject({ error: null });
  });
});

/** A request whose Host a page cannot choose, but other programs can. */
async function start(headers: Record<string, string>): Promise<{ status: number; location: string }> {
  const outgoing = request({ host: '127.0.0.1', port: manager.port, path: '/api/v1/session/oidc', headers });
  const answered = once(outgoing, 'response');
  outgoing.end();
  const [response] = (await answered) as [IncomingMessage];
  response.resume();
  return { status: response.statusCode ?? 0, location: response.headers.location ?? '' };
}

describe('a redirect', () => {
  it('leads the code back to the public origin, whatever a request calls its host', async () => {
    const own = `${world.origin}/api/v1/session/oidc/callback`;
    for (const headers of [
      {},
      { host: `localhost:${manager.port}` },
      { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https', forwarded: 'host=evil.example' },
    ])
      expect(new URL((await start(headers)).location).searchParams.get('redirect_uri')).toBe(own);
    expect(await start({ host: 'evil.example' })).toMatchObject({ status: 403 });
  });

  it('to an address that the provider does not know gets no code', async () => {
    const browser = victim();
    const forged = having(new URL(await browser.begin()), 'redirect_uri', 'https://evil.example/callback');
    await expect(browser.atProvider(forged.href)).rejects.toThrow('the provider says 400');
  });

  it.each([
    '//evil.example',
    '/\\evil.example',
    'https://evil.example',
    '/\t/evil.example',
    'javascript:alert(1)',
    '/.//evil.example',
    '/api/v1/session',
  ])('after a sign-in does not lead to %j (open redirect)', async (from) => {
    expect(await victim().signIn(from)).toEqual({ status: 302, to: '/', error: null });
    const failed = victim();
    await failed.begin(from);
    expect(await failed.finish('/api/v1/session/oidc/callback?code=x&state=x')).toMatchObject({
      to: '/sign-in?error=oidc_state_invalid&from=%2F',
    });
  });

  it('does not begin on a foreign page', async () => {
    const { location } = await start({ 'sec-fetch-site': 'cross-site' });
    expect(location).toBe('/sign-in?error=origin_not_allowed&from=%2F');
  });
});

describe('a crowd', () => {
  it('that guesses codes is refused before the provider is asked for each of them', async () => {
    const browser = attacker();
    const errors: (string | null)[] = [];
    for (let count = 0; count < 35; count += 1) {
      const { searchParams } = new URL(await browser.begin());
      errors.push(
        (await browser.finish(`/api/v1/session/oidc/callback?code=guess&state=${searchParams.get('state')}&iss=${world.issuer}`)).error,
      );
    }
    expect(errors.slice(0, 30)).toEqual(Array(30).fill('oidc_response_invalid'));
    expect(new Set(errors.slice(30))).toEqual(new Set(['rate_limited']));
  });
});

it('nothing that is secret got into the log', () => {
  const log = manager.logLines.join('');
  expect(log).toContain('oidc_response_invalid');
  for (const secret of ['eyJ', 'a secret of this test', 'code=', 'code_verifier']) expect(log).not.toContain(secret);
});
