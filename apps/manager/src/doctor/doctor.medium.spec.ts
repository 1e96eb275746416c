import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestDatabase, type TestDatabase } from '@tidegate/test-kit';
import { commandLine } from '../testing/command-line.ts';
import { sql } from '../testing/sql.ts';

let folder: string;
let database: TestDatabase;
const file = (name: string): string => join(folder, name);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tidegate-doctor-spec-'));
  database = await createTestDatabase();
  await writeFile(file('password'), 'a password of the first account', { mode: 0o600 });
});
afterAll(async () => {
  await database.stop();
  await rm(folder, { recursive: true, force: true });
});

async function examined(change: object): Promise<{ code: number | undefined; findings: Record<string, unknown>[] }> {
  const config = {
    listen: { port: 0 },
    data_dir: folder,
    database_url: database.url,
    admin: { password_file: file('password') },
    ...change,
  };
  await writeFile(file('manager.json'), JSON.stringify(config));
  const { code, out } = await commandLine('doctor', '--config', file('manager.json'), '-o', 'json');
  const { findings } = JSON.parse(out) as { findings: Record<string, unknown>[] };
  // How full and how busy the machine of a test is, is not what it is about.
  const ours = findings.filter((finding) => !['disk_low', 'database_slow'].includes(String(finding['code'])));
  return { code: findings.length === ours.length ? code : ours.some(({ weight }) => weight === 'broken') ? 1 : 0, findings: ours };
}
function makeCertificate(days: number): object {
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', file('tls.key'), '-out', file('tls.pem')];
  execFileSync('openssl', ['req', '-x509', ...key, '-subj', '/CN=tide', '-days', String(days)], { stdio: 'ignore' });
  return { tls: { cert_file: file('tls.pem'), key_file: file('tls.key') } };
}

describe('tidegate-manager doctor', () => {
  it('names what a new installation still needs, changes nothing, and calls it no fault', async () => {
    const { code, findings } = await examined({});
    expect(findings).toEqual([expect.objectContaining({ code: 'migrations_pending', weight: 'notice', hint: expect.any(String) })]);
    expect(code).toBe(0);
    expect(await sql(database.url, `SELECT to_regclass('schema_migrations') AS made`)).toEqual([{ made: null }]);
  });

  it('finds nothing where nothing is wrong, and says so', async () => {
    await commandLine('migrate', '--config', file('manager.json'));
    expect(await examined({})).toEqual({ code: 0, findings: [] });
  });

  it('finds a database that does not answer', async () => {
    const { code, findings } = await examined({ database_url: 'postgresql://u:sentinel@127.0.0.1:1/x' });
    expect([code, findings.map((finding) => finding['code'])]).toEqual([1, ['database_unavailable']]);
    expect(JSON.stringify(findings)).not.toContain('sentinel');
  });

  it('finds secrets that others may read', async () => {
    await chmod(file('password'), 0o604);
    const { code, findings } = await examined({});
    await chmod(file('password'), 0o600);
    expect(findings).toMatchObject([{ code: 'file_mode_unsafe', details: { file: file('password'), mode: '0604' } }]);
    expect(code).toBe(1);
  });

  it.each([
    [365, 0, []],
    [5, 0, ['certificate_expiring']],
  ])('looks at a certificate that is valid for %d days', async (days, code, codes) => {
    const result = await examined(makeCertificate(days));
    expect([result.code, result.findings.map((finding) => finding['code'])]).toEqual([code, codes]);
  });

  it('finds a certificate that is not that of its key', async () => {
    const config = makeCertificate(365);
    await writeFile(file('tls.pem'), 'nonsense');
    expect(await examined(config)).toMatchObject({ code: 1, findings: [{ code: 'tls_files_unusable' }] });
  });

  it('asks each release source and git remote, with its token, and says which does not answer', async () => {
    await writeFile(file('source-token'), 'sentinel-of-a-source', { mode: 0o600 });
    const server = createServer((request, response) => {
      if (request.url?.startsWith('/silent')) return;
      const allowed = request.headers.authorization === 'Bearer sentinel-of-a-source';
      response.writeHead(allowed && request.url === '/good/repos/acme/edge/releases?per_page=1' ? 200 : 404).end('[]');
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const at = (path: string): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}${path}`;
    const source = (device_type: string, api_base_url: string): object => ({
      ...{ device_type, api_base_url, owner: 'acme', repo: 'edge', token_file: file('source-token'), allow_loopback_http: true },
    });
    const remotes = [{ device_type: 'tagged', url: at('/none.git'), allow_loopback_http: true }];
    const { code, findings } = await examined({
      release_sources: [
        source('good', at('/good')),
        source('gone', at('/gone')),
        source('silent', at('/silent')),
        source('off', 'http://127.0.0.1:1'),
      ],
      discovery: { remotes },
    });
    server.close();
    server.closeAllConnections();
    expect(code).toBe(1);
    expect(findings.map(({ code: found, details }) => [(details as { device_type: string }).device_type, found])).toEqual([
      ['gone', 'source_unavailable'],
      ['silent', 'source_unavailable'],
      ['off', 'source_unavailable'],
      ['tagged', 'git_remote_denied'],
    ]);
    expect(findings[0]).toMatchObject({ details: { status: 404 } });
    expect(findings[1]).toMatchObject({ details: { reason: 'deadline' } });
    expect(JSON.stringify(findings)).not.toContain('sentinel');
  });

  it.each([
    [{ listen: { host: '0.0.0.0', port: 0 } }, 1],
    [{ public_origin: 'http://tidegate.example' }, 1],
    [{ public_origin: 'https://tidegate.example/console' }, 1],
    [{ public_origin: 'https://tidegate.example', listen: { host: '0.0.0.0', port: 0 } }, 0],
    [{ public_origin: 'http://localhost:7080' }, 0],
  ])('judges the public origin: %j', async (change, code) => {
    const result = await examined(change);
    expect([result.code, result.findings.map((finding) => finding['code'])]).toEqual([code, code === 0 ? [] : ['public_origin_unfit']]);
  });
});
