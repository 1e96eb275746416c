import { afterEach, describe, expect, it } from '@jest/globals';
import type { IncomingMessage } from 'node:http';
import { guardedHttp, type GuardedHttp, type GuardedHttpOptions } from './index.ts';
import { startScriptedServer, type Reply } from './testing/scripted-server.ts';

const undo: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const act of undo.splice(0).reverse()) await act();
});

const never = (): AbortSignal => new AbortController().signal;
const redirect =
  (location: string): Reply =>
  (_request, response) =>
    void response.writeHead(302, { location }).end();
const echo: Reply = (request, response) => void response.writeHead(200).end(request.headers.authorization ?? 'none');

async function serve(routes: Record<string, Reply>): ReturnType<typeof startScriptedServer> {
  const server = await startScriptedServer(routes);
  undo.push(server.close);
  return server;
}
function http(change: Partial<GuardedHttpOptions> = {}): GuardedHttp {
  const client = guardedHttp({
    allowLoopbackHttp: true,
    allowPrivateAddresses: false,
    userAgent: 'spec',
    headersTimeoutMs: 5000,
    ...change,
  });
  undo.push(() => client.close());
  return client;
}
const textOf = async (body: AsyncIterable<Uint8Array>): Promise<string> => {
  const pieces: Uint8Array[] = [];
  for await (const piece of body) pieces.push(piece);
  return Buffer.concat(pieces).toString();
};
const refusal = (code: string, rule: string) => expect.objectContaining({ code, details: expect.objectContaining({ rule }) });

describe('guarded HTTP', () => {
  it.each([
    'http://169.254.169.254/latest/meta-data/',
    'https://169.254.169.254/',
    'https://[fe80::1]/',
    'https://[fd00:ec2::254]/',
    'https://10.0.0.1/',
    'https://192.168.1.1/',
    'https://[::ffff:169.254.169.254]/',
    'http://example.com/',
    'file:///etc/passwd',
    'https://user:password@example.com/',
  ])('follows no redirect to %s', async (target) => {
    const server = await serve({ '/start': redirect(target) });
    await expect(http().get(new URL('/start', server.url), {}, never())).rejects.toMatchObject({ code: 'upgrade_url_invalid' });
  });

  it.each([
    ['the cloud’s metadata service', '169.254.169.254'],
    ['a private network', '10.1.2.3'],
    ['this machine', '127.0.0.1'],
  ])('does not connect to a name that resolves to %s', async (_what, address) => {
    const client = http({ allowLoopbackHttp: false, resolveAll: (_name, _options, done) => done(null, [{ address, family: 4 }]) });
    await expect(client.get(new URL('https://releases.example/'), {}, never())).rejects.toEqual(refusal('upgrade_url_invalid', 'address'));
  });

  it('looks a name up once: what was checked is what is connected to', async () => {
    const asked: string[] = [];
    const server = await serve({ '/': echo });
    const client = http({
      resolveAll: (name, _options, done) => {
        asked.push(name);
        done(null, [{ address: asked.length === 1 ? '127.0.0.1' : '10.0.0.1', family: 4 }]);
      },
    });
    expect((await client.get(new URL(`http://localhost:${server.port}/`), {}, never())).status).toBe(200);
    expect(asked).toEqual(['localhost']);
  });

  it('gives credentials to their own origin and to nobody a redirect leads to', async () => {
    const other = await serve({ '/there': echo });
    const server = await serve({ '/own': echo, '/away': redirect(`${other.url}/there`), '/around': redirect('/own') });
    const client = http({ credentials: { origin: server.url, authorization: 'Bearer secret' } });
    const said = async (path: string): Promise<string> => textOf((await client.get(new URL(path, server.url), {}, never())).body);
    expect([await said('/own'), await said('/around'), await said('/away')]).toEqual(['Bearer secret', 'Bearer secret', 'none']);
    const away = await client.post(new URL('/there', other.url), {}, Buffer.from('x'), never());
    expect(await textOf(away.body)).toBe('none');
  });

  it('follows no redirect where a request’s own headers would go along', async () => {
    const heard: (string | undefined)[] = [];
    const listen: Reply = (request, response) => {
      heard.push(request.headers.authorization);
      response.writeHead(200).end();
    };
    const server = await serve({ '/start': redirect('/there'), '/there': listen });
    const asked = http({ refuseRedirects: true }).get(new URL('/start', server.url), { authorization: 'Bearer secret' }, never());
    await expect(asked).rejects.toEqual(refusal('upgrade_url_invalid', 'redirect'));
    expect(heard).toEqual([]);
  });

  it('posts a body, and nowhere else than it was told', async () => {
    const bodies: Promise<string>[] = [];
    const take: Reply = (request: IncomingMessage, response) => {
      bodies.push(textOf(request as AsyncIterable<Uint8Array>));
      response.writeHead(200).end();
    };
    const server = await serve({ '/take': take, '/away': redirect('/take') });
    await http().post(new URL('/take', server.url), {}, Buffer.from('ask'), never());
    expect(await Promise.all(bodies)).toEqual(['ask']);
    const away = http().post(new URL('/away', server.url), {}, Buffer.from('ask'), never());
    await expect(away).rejects.toEqual(refusal('upgrade_url_invalid', 'redirect of a POST'));
    expect(bodies).toHaveLength(1);
  });
});
