import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createGitRepository, startGitServer, type GitRepository, type GitServerOptions } from '@tidegate/test-kit';
import { listTags } from './index.ts';
import { plainGitHttp } from './testing/plain-git-http.ts';

const undo: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const act of undo.splice(0).reverse()) await act();
});
const never = (): AbortSignal => new AbortController().signal;

describe('the tags of a real git http-backend', () => {
  let root: string;
  let repository: GitRepository;
  let commits: string[];
  let annotated: string;
  let nested: string;
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), 'git-remote-'));
    repository = await createGitRepository(join(root, 'product.git'));
    commits = [await repository.commit('one'), await repository.commit('two')];
    await repository.tag('v1.0.0', commits[0]!);
    annotated = await repository.tag('v1.1.0', commits[1]!, 'release');
    nested = await repository.tag('v1.2.0', 'v1.1.0', 'a tag on a tag');
    await repository.tag('nightly', commits[1]!);
    await createGitRepository(join(root, 'empty.git'));
  });
  afterAll(() => rm(root, { recursive: true, force: true }));

  const serve = async (options: Partial<GitServerOptions> = {}) => {
    const server = await startGitServer({ root, ...options });
    undo.push(() => server.close());
    return server;
  };
  const expected = () => [
    { name: 'v1.0.0', commit: commits[0], tagObject: null },
    { name: 'v1.1.0', commit: commits[1], tagObject: annotated },
    { name: 'v1.2.0', commit: commits[1], tagObject: nested },
  ];

  it.each([
    ['version 2, by ls-refs', false, 'v2'],
    ['version 0, from the advertisement', true, 'v0'],
  ] as const)('are read with their commits in %s', async (_how, oldProtocol, protocol) => {
    const server = await serve({ oldProtocol });
    const listed = await listTags(plainGitHttp(), new URL(`${server.url}/product.git`), 'v', never());
    expect(listed).toEqual({ protocol, tags: expected() });
    expect(server.requests).toHaveLength(protocol === 'v2' ? 2 : 1);
  });

  it.each([false, true])('are none in an empty repository (old protocol: %s)', async (oldProtocol) => {
    const server = await serve({ oldProtocol });
    expect((await listTags(plainGitHttp(), new URL(`${server.url}/empty.git/`), 'v', never())).tags).toEqual([]);
  });

  it.each([false, true])('can be asked for by a whole name (old protocol: %s)', async (oldProtocol) => {
    const server = await serve({ oldProtocol });
    const { tags } = await listTags(plainGitHttp(), new URL(`${server.url}/product.git`), 'v1.1.0', never());
    expect(tags.map((tag) => tag.name)).toEqual(['v1.1.0']);
  });

  it('are many in one answer of a repository with thousands of them', async () => {
    const folder = join(root, 'large.git');
    const large = await createGitRepository(folder);
    const commit = await large.commit('one');
    const names = Array.from({ length: 3000 }, (_, index) => `v1.0.${index}`);
    await writeFile(
      join(folder, 'packed-refs'),
      names
        .map((name) => `${commit} refs/tags/${name}\n`)
        .toSorted()
        .join(''),
    );
    const server = await serve();
    expect((await listTags(plainGitHttp(), new URL(`${server.url}/large.git`), '', never())).tags).toHaveLength(3000);
  });

  it('are refused where credentials are wrong or there is no repository', async () => {
    const server = await serve({ credentials: 'x:secret' });
    const list = (path: string, authorization?: string) => listTags(plainGitHttp(authorization), new URL(path, server.url), 'v', never());
    const right = `Basic ${Buffer.from('x:secret').toString('base64')}`;
    await expect(list('/product.git')).rejects.toMatchObject({ code: 'git_remote_denied', details: { status: 401 } });
    await expect(list('/nothing.git', right)).rejects.toMatchObject({ code: 'git_remote_denied', details: { status: 404 } });
    expect((await list('/product.git', right)).tags).toHaveLength(3);
  });
});

describe('a remote that lies', () => {
  const OID = 'a'.repeat(40);
  const line = (text: string): string => (text.length + 4).toString(16).padStart(4, '0') + text;
  const advertisement =
    (body: string, type = 'application/x-git-upload-pack-advertisement'): RequestListener =>
    (_request, response) =>
      void response.writeHead(200, { 'content-type': type }).end(Buffer.from(body, 'latin1'));
  const v2 = `${line('version 2\n')}${line('ls-refs=unborn\n')}0000`;
  const answers =
    (result: string, capabilities = v2): RequestListener =>
    (request, response) => {
      const type = request.method === 'POST' ? 'result' : 'advertisement';
      const body = request.method === 'POST' ? result : capabilities;
      response.writeHead(200, { 'content-type': `application/x-git-upload-pack-${type}` }).end(Buffer.from(body, 'latin1'));
    };
  const service = `${line('# service=git-upload-pack\n')}0000`;

  async function ask(handler: RequestListener, signal = never()) {
    const server = createServer(handler);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    undo.push(() => {
      server.closeAllConnections();
      server.close();
    });
    const { port } = server.address() as AddressInfo;
    return await listTags(plainGitHttp(), new URL(`http://127.0.0.1:${port}/product`), 'v', signal);
  }

  it.each<[string, RequestListener, string]>([
    ['a page of HTML', advertisement('<html>sign in</html>', 'text/html'), 'content type'],
    ['nothing', advertisement(''), 'cut off'],
    ['no length', advertisement('zzzz'), 'length of a line'],
    ['a length of three', advertisement('0003'), 'length of a line'],
    ['a line beyond the limit', advertisement(`ffff${'x'.repeat(65_531)}`), 'length of a line'],
    ['a line that ends early', advertisement('00ffversion 2'), 'cut off'],
    ['another service', advertisement(`${line('# service=git-receive-pack\n')}0000`), 'service line'],
    ['no flush at the end', advertisement(`${service}${line(`${OID} refs/tags/v1.0.0\0caps\n`)}`), 'cut off'],
    ['a ref without a value', advertisement(`${service}${line('refs/tags/v1.0.0\n')}0000`), 'a ref'],
    ['a value that is none', advertisement(`${service}${line(`${'g'.repeat(40)} refs/tags/v1.0.0\n`)}0000`), 'a ref'],
    ['a ref twice', answers(`${line(`${OID} refs/tags/v1.0.0\n`).repeat(2)}0000`), 'a ref stands twice'],
    ['a name with a control character', answers(`${line(`${OID} refs/tags/v1\x1b[31m\n`)}0000`), 'name of a ref'],
    ['a name that climbs', answers(`${line(`${OID} refs/tags/../../x\n`)}0000`), 'name of a ref'],
    ['a peeled value that is none', answers(`${line(`${OID} refs/tags/v1.0.0 peeled:no\n`)}0000`), 'a ref'],
    [
      'a peeled ref without its ref',
      advertisement(`${service}${line(`${OID} refs/tags/v1.0.0^{}\n`)}0000`),
      'a peeled ref without its ref',
    ],
    ['no ls-refs', answers('0000', `${line('version 2\n')}${line('fetch\n')}0000`), 'no ls-refs'],
    ['a mark among capabilities', answers('0000', `${line('version 2\n')}0001`), 'a mark'],
    ['an error of its own', answers(line('ERR \x1b[31mgo away\n')), 'the remote says it failed'],
    ['more empty lines than any repository has refs', answers(`${line(`${OID} refs/tags/v1.0.0\n`)}${'0004'.repeat(100_001)}`), 'a ref'],
    ['marks without end', advertisement(`${line('version 2\n')}${line('').repeat(100_001)}`), 'too many lines'],
    ['more than 4 MiB', advertisement('0'.repeat(4 * 1024 * 1024 + 1)), 'too large'],
  ])('is refused for %s', async (_what, handler, rule) => {
    await expect(ask(handler)).rejects.toMatchObject({ code: 'git_remote_malformed', details: { rule } });
  });

  it('is refused for compressed bytes, which could be many more than they look', async () => {
    const handler: RequestListener = (_request, response) =>
      void response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-advertisement', 'content-encoding': 'gzip' }).end('x');
    await expect(ask(handler)).rejects.toMatchObject({ code: 'git_remote_malformed', details: { rule: 'content type' } });
  });

  it.each([
    [500, 'git_remote_unavailable'],
    [429, 'git_remote_unavailable'],
    [301, 'git_remote_unavailable'],
    [403, 'git_remote_denied'],
  ])('that answers %s is %s', async (status, code) => {
    await expect(ask((_request, response) => void response.writeHead(status).end())).rejects.toMatchObject({ code, details: { status } });
  });

  it('is left when the time is over, however slowly it goes on', async () => {
    const controller = new AbortController();
    const handler: RequestListener = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/x-git-upload-pack-advertisement' });
      response.write('00', () => controller.abort());
    };
    await expect(ask(handler, controller.signal)).rejects.toThrow();
  });
});
