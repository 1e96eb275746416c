import { createHash, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { chmod, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { auditExportLine, type AuditChainRow, type AuditHead, type AuditVerification } from '@tidegate/contract-api';
import { createAuditVerifier, GENESIS_HASH, rowText } from '@tidegate/domain-audit-chain';
import { createTestDatabase, type TestDatabase } from '@tidegate/test-kit';
import pg from 'pg';
import { isSignedBy } from '../audit/audit-trust.ts';
import { ManagerUnderTest } from '../testing/manager-under-test.ts';
import { sql } from '../testing/sql.ts';

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
let database: TestDatabase;
let manager: ManagerUnderTest;
let owner: pg.Client;
let dataDir: string;

beforeAll(async () => {
  database = await createTestDatabase();
  dataDir = await mkdtemp(join(tmpdir(), 'tidegate-audit-spec-'));
  manager = await ManagerUnderTest.start({ database_url: database.url, data_dir: dataDir });
  await manager.signIn();
  owner = new pg.Client(database.url);
  await owner.connect();
  await rows(12);
  await signed();
  await rows(3);
});
afterAll(async () => {
  await owner.end();
  await manager.dispose();
  await database.stop();
  await rm(dataDir, { recursive: true, force: true });
});

/** Acts that leave a row each. */
async function rows(count: number): Promise<void> {
  for (let index = 0; index < count; index += 1) await manager.token();
}
const query = async <T extends object>(sql: string, values: unknown[] = []): Promise<T[]> => (await owner.query(sql, values)).rows as T[];
async function until(condition: string): Promise<void> {
  do manager.clock.advance(1000);
  while ((await query(`SELECT WHERE ${condition}`)).length === 0);
}
const signed = async (): Promise<void> => {
  await until('NOT EXISTS (SELECT FROM audit WHERE position IS NULL)');
  await until(`(SELECT max(position) FROM audit_heads) = (SELECT max(position) FROM audit)`);
};
const verify = async (): Promise<AuditVerification> => (await manager.call('POST', '/api/v1/audit/verify', {})).body as AuditVerification;
const found = async (): Promise<string[]> =>
  (await verify()).findings.map(({ kind, position, until: last }) =>
    last === position ? `${kind} ${position}` : `${kind} ${position}-${last}`,
  );
const lastPosition = async (): Promise<number> => Number((await query<{ p: string }>('SELECT max(position) AS p FROM audit'))[0]!.p);
const headPosition = async (): Promise<number> => Number((await query<{ p: string }>('SELECT max(position) AS p FROM audit_heads'))[0]!.p);

describe('the audit trail', () => {
  it('says who did what to what from where, newest first, filtered and paged', async () => {
    const first = (await manager.call('GET', '/api/v1/audit?limit=2')).body;
    expect(first.items[0]).toMatchObject({
      actor: 'admin',
      action: 'registration_token.create',
      target_kind: 'registration_token',
      address: expect.stringContaining('127.0.0.1'),
      details: { group: 'default', device_type: 'tidegate-edge' },
      at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
    });
    const second = (await manager.call('GET', `/api/v1/audit?limit=2&cursor=${first.next_cursor}`)).body;
    expect(second.items[0].position).toBe(first.items[1].position - 1);
    const of = async (filter: string): Promise<string[]> =>
      ((await manager.call('GET', `/api/v1/audit?${filter}`)).body.items as { action: string }[]).map((item) => item.action);
    expect(new Set(await of('action=user'))).toEqual(new Set(['user.sign_in', 'user.create']));
    expect(await of('action=user.create')).toEqual(['user.create']);
    expect(await of('action=use')).toEqual([]);
    expect(await of('actor=system&target_kind=user')).toEqual(['user.create']);
    expect(await of('to=2026-01-01T00:00:00Z')).toEqual([]);
    expect((await manager.call('GET', '/api/v1/audit?cursor=x')).body.code).toBe('request_invalid');
    expect((await manager.call('GET', '/api/v1/audit?actor=a%0Ab')).body.code).toBe('request_invalid');
  });

  it('is whole, and says how far it is signed', async () => {
    await until('NOT EXISTS (SELECT FROM audit WHERE position IS NULL)');
    expect(await verify()).toMatchObject({
      ok: true,
      findings: [],
      first_position: 1,
      last_position: await lastPosition(),
      signed_until: await headPosition(),
    });
  });

  it('is exported as NDJSON that anybody with the public key can verify', async () => {
    const { body: keys } = await manager.call('GET', '/api/v1/audit/keys');
    const answer = await manager.call('GET', '/api/v1/audit/export');
    expect(answer.headers['content-disposition']).toContain('tidegate-audit.ndjson');
    const lines = String(answer.body)
      .trimEnd()
      .split('\n')
      .map((text) => auditExportLine.parse(JSON.parse(text)));
    const header = lines[0]!;
    if (header.type !== 'audit_export') throw new Error('no header');
    const heads = lines.flatMap((line) => (line.type === 'head' ? [line as AuditHead] : []));
    const verifier = createAuditVerifier(heads, {
      managerId: header.manager_id,
      keys: new Map(keys.items.map((key: { key_id: string; public_key: string }) => [key.key_id, key.public_key])),
      sha256,
      isSignedBy,
    });
    const chain = lines.flatMap((line) => (line.type === 'row' ? [line as AuditChainRow] : []));
    for (const row of chain) verifier.row(row);
    expect(verifier.finish()).toMatchObject({ ok: true, rows: chain.length, signed_until: await headPosition(), untrusted_heads: 0 });
    expect(lines.at(-1)).toEqual({ type: 'audit_export_end', rows: chain.length });
    expect((await manager.call('GET', '/api/v1/audit/export?actor=admin')).body.code).toBe('request_invalid');
  });

  it('is exported as CSV without a cell that a spreadsheet would run', async () => {
    await query(
      `INSERT INTO audit (at, actor, action, target_kind, target_id, details) VALUES (now(), '=cmd|'' /C calc''!A0', 'test.formula', 'user', E'a\nb', '{}')`,
    );
    const { body, headers } = await manager.call('GET', '/api/v1/audit/export?format=csv&action=test.formula');
    expect(headers['content-type']).toContain('text/csv');
    const lines = String(body).split('\r\n');
    expect(lines).toHaveLength(3);
    expect(lines[1]).toContain(`"'=cmd|' /C calc'!A0","test.formula","user","a\\u000ab"`);
  });

  it('chains a row whose details no other program could read, and goes on', async () => {
    await query(
      `INSERT INTO audit (at, actor, action, target_kind, target_id, details) VALUES (now(), 'x', 'test.huge', 'user', 'u', '{"n": 1e400}')`,
    );
    await rows(1);
    await until('NOT EXISTS (SELECT FROM audit WHERE position IS NULL)');
    expect((await manager.call('GET', '/api/v1/audit?action=test.huge')).body.items[0].details.unreadable).toContain('1000000');
    expect(await found()).toEqual([]);
  });
});

describe('the key that signs', () => {
  const keyOf = async (url: string) =>
    (await sql<{ key_id: string; sealed_key: string }>(url, 'SELECT key_id, sealed_key FROM audit_keys'))[0]!;

  it('lies in the database, sealed, and in no file', async () => {
    await expect(stat(join(dataDir, 'audit-signing-key.pem'))).rejects.toMatchObject({ code: 'ENOENT' });
    const { sealed_key: sealed } = await keyOf(database.url);
    expect(sealed).toMatch(/^enc:v1:[0-9a-f]{16}:[A-Za-z0-9_-]+$/);
    expect(manager.logLines.join('')).not.toContain(sealed);
    expect(manager.logLines.some((line) => line.includes('audit head signed'))).toBe(true);
  });

  it('is the same in every replica', async () => {
    const other = await ManagerUnderTest.start({ database_url: database.url });
    try {
      const before = await headPosition();
      await manager.stop();
      await other.signIn();
      do other.clock.advance(1000);
      while ((await headPosition()) === before);
      expect((await query('SELECT DISTINCT key_id FROM audit_heads')).length).toBe(1);
    } finally {
      await other.dispose();
      await manager.boot();
      await manager.signIn();
      await rows(1);
      await signed();
    }
  });

  it('is taken over once from the file of an earlier release, and heads of before stay valid', async () => {
    const [own, folder] = [await createTestDatabase(), await mkdtemp(join(tmpdir(), 'tidegate-audit-spec-'))];
    const file = join(folder, 'audit-signing-key.pem');
    const { privateKey } = generateKeyPairSync('ed25519');
    await writeFile(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o644 });
    const upgraded = await ManagerUnderTest.start({ database_url: own.url, data_dir: folder }, { untilReady: false });
    try {
      while (!upgraded.logLines.some((line) => line.includes('audit.signing_key_file')))
        await new Promise((settle) => setImmediate(settle));
      expect((await upgraded.call('GET', '/healthz')).status).toBe(200);
      expect((await upgraded.call('GET', '/readyz')).status).toBe(503);
      await chmod(file, 0o600);
      await upgraded.untilReady(200);
      const publicKey = createPublicKey(privateKey).export({ format: 'jwk' }).x;
      expect(await sql(own.url, 'SELECT public_key FROM audit_keys')).toEqual([{ public_key: publicKey }]);
      await rm(file);
      await upgraded.stop();
      await upgraded.boot();
      expect(await sql(own.url, 'SELECT public_key FROM audit_keys')).toEqual([{ public_key: publicKey }]);
      expect(upgraded.logLines.filter((line) => line.includes('taken over from its file'))).toHaveLength(1);
    } finally {
      await upgraded.dispose();
      await own.stop();
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('does not sign when its sealed value was exchanged: the manager is not ready, and says so', async () => {
    const { key_id: id, sealed_key: sealed } = await keyOf(database.url);
    await manager.stop();
    await query(`UPDATE audit_keys SET sealed_key = reverse(left(reverse(sealed_key), -4)) || 'AAAA'`);
    const booting = manager.boot();
    while (!manager.logLines.some((line) => line.includes('"secret_damaged"'))) await new Promise((settle) => setImmediate(settle));
    expect((await manager.call('GET', '/readyz')).status).toBe(503);
    await query('UPDATE audit_keys SET sealed_key = $2 WHERE key_id = $1', [id, sealed]);
    await booting;
  });
});

describe('a database owner', () => {
  beforeEach(async () => {
    await until('NOT EXISTS (SELECT FROM audit WHERE position IS NULL)');
    await query('CREATE TABLE audit_before AS SELECT * FROM audit');
    await query('CREATE TABLE heads_before AS SELECT * FROM audit_heads');
  });
  afterEach(async () => {
    await query(`DELETE FROM audit; INSERT INTO audit OVERRIDING SYSTEM VALUE SELECT * FROM audit_before; DROP TABLE audit_before`);
    await query(`DELETE FROM audit_heads; INSERT INTO audit_heads SELECT * FROM heads_before; DROP TABLE heads_before`);
    expect((await verify()).findings).toEqual([]);
  });

  it('who changes a row is found at its position', async () => {
    await query(`UPDATE audit SET actor = 'somebody else' WHERE position = 5`);
    expect(await found()).toEqual(['changed 5']);
    await query(
      `UPDATE audit SET actor = b.actor, details = audit.details || '{"ttl_secs": 1}' FROM audit_before b WHERE b.position = 5 AND audit.position = 5`,
    );
    expect(await found()).toEqual(['changed 5']);
  });

  it('who changes a time by a microsecond is found', async () => {
    await query(`UPDATE audit SET at = at + interval '1 microsecond' WHERE position = 6`);
    expect(await found()).toEqual(['changed 6']);
  });

  it('who removes a row in the middle is found', async () => {
    await query('DELETE FROM audit WHERE position IN (4, 5)');
    expect(await found()).toEqual(['removed 4-5']);
  });

  it('who removes the tail is found, also together with the heads that cover it', async () => {
    const head = await headPosition();
    await query('DELETE FROM audit WHERE position > 7');
    expect(await found()).toEqual([`truncated 8-${head}`]);
    await query('DELETE FROM audit_heads WHERE position > 7');
    expect(await found()).toEqual([`truncated 8-${head}`]);
  });

  it('who swaps two rows is found', async () => {
    await query(
      'UPDATE audit SET position = -1 WHERE position = 4; UPDATE audit SET position = 4 WHERE position = 9; UPDATE audit SET position = 9 WHERE position = -1',
    );
    expect(await found()).toEqual(['reordered 4', 'reordered 9']);
  });

  it('who changes a row and hashes everything anew, without the key, is found', async () => {
    await query(`UPDATE audit SET actor = 'nobody' WHERE position = 3`);
    let previous = GENESIS_HASH;
    const all = (await manager.call('GET', '/api/v1/siem/audit?limit=1000')).body.items as (AuditChainRow & { time: string })[];
    for (const row of all) {
      const hash = sha256(rowText(previous, { ...row, at: row.time }));
      await query(`UPDATE audit SET prev_hash = decode($2, 'hex'), hash = decode($3, 'hex') WHERE position = $1`, [
        row.position,
        previous,
        hash,
      ]);
      previous = hash;
    }
    const { findings } = await verify();
    expect(findings.map((finding) => finding.kind)).toEqual(['rewritten']);
    expect(findings[0]!.position).toBeLessThanOrEqual(3);
    expect(findings[0]!.until).toBeGreaterThanOrEqual(3);
  });

  it('who signs with another key has signed nothing', async () => {
    await query(`UPDATE audit_heads SET key_id = '0123456789abcdef'`);
    expect(await verify()).toMatchObject({ ok: true, untrusted_heads: expect.any(Number) });
    await query(
      `UPDATE audit_heads h SET key_id = b.key_id, signature = repeat('A', 86) FROM heads_before b WHERE b.position = h.position`,
    );
    expect((await verify()).findings.map((finding) => finding.kind)).toContain('head_invalid');
  });

  it('is told of within a minute: no head is signed over a change, and an event says so', async () => {
    await rows(2);
    await until('NOT EXISTS (SELECT FROM audit WHERE position IS NULL)');
    const at = await lastPosition();
    const before = await headPosition();
    const [kept] = await query<{ actor: string }>('SELECT actor FROM audit WHERE position = $1', [at]);
    await query(`UPDATE audit SET actor = 'nobody' WHERE position = $1`, [at]);
    await until(`EXISTS (SELECT FROM events WHERE name = 'audit_chain_broken' AND position IS NOT NULL)`);
    const { body } = await manager.call('GET', '/api/v1/events?name=audit_chain_broken');
    expect(body.items).toMatchObject([{ severity: 'critical', source: 'manager', details: { position: at }, node_id: null, group: null }]);
    expect(await headPosition()).toBe(before);
    await query('UPDATE audit SET actor = $2 WHERE position = $1', [at, kept!.actor]);
    await query('DELETE FROM audit_before; INSERT INTO audit_before SELECT * FROM audit');
    await signed();
    await query('DELETE FROM heads_before; INSERT INTO heads_before SELECT * FROM audit_heads');
  });
});

describe('retention', () => {
  it('removes what is older up to a signed anchor, and the rest can still be verified', async () => {
    await signed();
    const removed = await headPosition();
    manager.clock.sleep(401 * 86_400_000);
    await manager.signIn();
    await rows(2);
    await until(`NOT EXISTS (SELECT FROM audit WHERE position <= ${removed})`);
    const report = await verify();
    expect(report).toMatchObject({ ok: true, first_position: removed + 1, untrusted_heads: 0 });
    const [first] = String((await manager.call('GET', '/api/v1/audit/export')).body)
      .split('\n')
      .slice(1);
    expect(JSON.parse(first!)).toMatchObject({ type: 'head', kind: 'anchor', position: removed });
    await query(`UPDATE audit_heads SET kind = 'head' WHERE kind = 'anchor'`);
    expect((await verify()).findings.map((finding) => finding.kind)).toContain('unanchored');
    await query(`UPDATE audit_heads SET kind = 'anchor' WHERE position = ${removed}`);
  });
});

it('a damaged file beside the key is as good as none', async () => {
  await writeFile(join(dataDir, 'audit-head.json'), '{');
  expect(await verify()).toMatchObject({ ok: true });
});
