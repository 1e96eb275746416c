import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, readFile, rm } from 'node:fs/promises';
import { request } from 'node:https';
import { connect as connectPlain } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, type TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ManagerUnderTest } from './testing/manager-under-test.ts';
import { ScriptedNode } from './testing/scripted-node.ts';
import { createTestDatabase, type TestDatabase } from '@tidegate/test-kit';

let folder: string;
let database: TestDatabase;
let manager: ManagerUnderTest;
const file = (name: string): string => join(folder, name);

function makeCertificate(name: string): void {
  const subject = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1', '-days', '2', '-nodes'];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-keyout', file(`${name}.key`), '-out', file(`${name}.pem`)];
  execFileSync('openssl', ['req', '-x509', ...key, ...subject], { stdio: 'ignore' });
}
async function install(name: string): Promise<void> {
  await copyFile(file(`${name}.pem`), file('shown.pem'));
  await copyFile(file(`${name}.key`), file('shown.key'));
}
async function shownName(socket?: TLSSocket): Promise<string> {
  const tls = socket ?? connect({ host: '127.0.0.1', port: manager.port, rejectUnauthorized: false });
  if (!socket) await once(tls, 'secureConnect');
  const name = String(tls.getPeerCertificate().subject.CN);
  if (!socket) tls.destroy();
  return name;
}
const trusting = async (name: string): Promise<{ ca: Buffer }> => ({ ca: await readFile(file(`${name}.pem`)) });
const greet = async (name: string): ReturnType<typeof ScriptedNode.greet> =>
  await ScriptedNode.greet(manager.port, undefined, await trusting(name), 'wss');

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-tls-spec-'));
  makeCertificate('first');
  makeCertificate('second');
  await install('first');
  database = await createTestDatabase();
  manager = await ManagerUnderTest.start({
    database_url: database.url,
    tls: { cert_file: file('shown.pem'), key_file: file('shown.key'), min_version: '1.3' },
  });
});
afterAll(async () => {
  await manager.dispose();
  await database.stop();
  await rm(folder, { recursive: true, force: true });
});

describe('a manager that speaks TLS itself', () => {
  it('serves browsers: strict transport, a cookie of this host only, and its own https origin', async () => {
    const outgoing = request({ host: '127.0.0.1', port: manager.port, path: '/healthz', ...(await trusting('first')) });
    outgoing.end();
    const [response] = (await once(outgoing, 'response')) as [import('node:http').IncomingMessage];
    response.resume();
    expect(response.headers['strict-transport-security']).toMatch(/^max-age=31536000/);
    const body = { username: 'admin', password: 'wrong password here' };
    const own = await manager.call('POST', '/api/v1/session', body, { origin: `https://127.0.0.1:${manager.port}` });
    const plain = await manager.call('POST', '/api/v1/session', body, { origin: `http://127.0.0.1:${manager.port}` });
    expect([own.body.code, plain.body.code]).toEqual(['credentials_invalid', 'origin_not_allowed']);
    await manager.signIn();
    const session = await manager.call('GET', '/api/v1/session');
    expect(session.status).toBe(200);
    const again = await manager.call('POST', '/api/v1/session', { username: 'admin', password: 'correct horse battery staple' });
    expect(again.headers['set-cookie']?.[0]).toMatch(/^__Host-tidegate=[^;]+; Path=\/; HttpOnly; Secure; SameSite=Strict/);
  });

  it('refuses an older TLS than it is told, and says nothing to plain http', async () => {
    const old = connect({ host: '127.0.0.1', port: manager.port, rejectUnauthorized: false, maxVersion: 'TLSv1.2' });
    const [refusal] = (await once(old, 'error')) as [NodeJS.ErrnoException];
    expect(refusal.code).toBe('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION');
    const plain = connectPlain(manager.port, '127.0.0.1');
    plain.end('GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
    let heard = '';
    plain.on('data', (data) => (heard += data.toString('latin1')));
    await once(plain, 'close');
    expect(heard).not.toMatch(/HTTP|tidegate/);
  });

  it('shows a renewed certificate at once, and nobody who is connected notices', async () => {
    const { node } = await greet('first');
    const kept = connect({ host: '127.0.0.1', port: manager.port, rejectUnauthorized: false });
    await once(kept, 'secureConnect');
    await install('second');
    await manager.reload();
    expect([await shownName(), await shownName(kept)]).toEqual(['second', 'first']);
    await expect(greet('first')).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    node.say({ type: 'nonsense' });
    expect((await node.whenClosed()).reason).toBe('message_malformed');
    (await greet('second')).node.end();
    kept.destroy();
  });

  it('keeps what it has while only half of a new pair is there, and takes the rest by itself', async () => {
    await install('second');
    await manager.reload();
    await copyFile(file('first.pem'), file('shown.pem'));
    await manager.reload();
    expect(await shownName()).toBe('second');
    expect(manager.logLines.join('')).toContain('tls_files_unusable');
    await copyFile(file('first.key'), file('shown.key'));
    // By itself: no signal, only time.
    const deadline = Date.now() + 10_000;
    let name = await shownName();
    for (; name !== 'first' && Date.now() < deadline; name = await shownName()) manager.clock.advance(5000);
    expect(name).toBe('first');
  });

  it('does not start without a usable pair', async () => {
    const tls = { cert_file: file('first.pem'), key_file: file('second.key') };
    await expect(ManagerUnderTest.start({ database_url: database.url, tls })).rejects.toMatchObject({ code: 'tls_files_unusable' });
  });
});
