/**
 * An upgrade that sets data aside and migrates them, with everything real but the network, the signature and the guard: files,
 * archive, programs, state. The guard's part is done by hand.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { createHealthChecks, createMigrationRunner } from '@tidegate/adapter-host-programs';
import { createPartialDownloads, createSlotStore, createSnapshotStore, createStateFile } from '@tidegate/adapter-slots-fs';
import { tarUnpacker, verifyTree } from '@tidegate/adapter-unpack-tar';
import { accept } from '@tidegate/contract-errors';
import { manifest as manifestSchema, releaseVersion, sha256, type Channel, type DeviceType } from '@tidegate/contract-manifest';
import { attemptId } from '@tidegate/contract-protocol';
import { createUpgradeEngine, type EngineParts, type UpgradeEngine } from '@tidegate/engine-upgrade';

const run = promisify(execFile);
const digest = (bytes: Uint8Array | string) => sha256.parse(createHash('sha256').update(bytes).digest('hex'));
const old = releaseVersion.parse('1.0.0');
const next = releaseVersion.parse('1.1.0');
const stable = 'stable' as Channel;
const ENTRY = '#!/bin/sh\nexit 0\n';

let folder: string;
let root: string;
let guardDir: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'migrating-'));
  [root, guardDir] = [join(folder, 'root'), join(folder, 'guard')];
  await mkdir(join(root, 'versions', old, 'bin'), { recursive: true });
  await writeFile(join(root, 'versions', old, 'bin/tidegate-edge'), ENTRY);
  await chmod(join(root, 'versions', old, 'bin/tidegate-edge'), 0o755);
  for (const link of ['current', 'committed']) await symlink(`versions/${old}`, join(root, link));
  await mkdir(join(root, 'data/db'), { recursive: true });
  await writeFile(join(root, 'data/db/main'), 'schema 1');
  await mkdir(guardDir);
  await writeFile(join(guardDir, 'version'), 'guard=1.0.0\nprotocol=1\n');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** 1.1.0 with a migration that does `script`, as its publisher would pack it. */
async function release(script: string) {
  const tree = join(folder, 'tree');
  const files = { 'bin/migrate': `#!/bin/sh\nset -e\n${script}\n`, 'bin/tidegate-edge': ENTRY };
  await mkdir(join(tree, 'bin'), { recursive: true });
  for (const [path, text] of Object.entries(files)) await writeFile(join(tree, path), text, { mode: 0o755 });
  const { stdout: tar } = await run('tar', ['-cf', '-', '-C', tree, ...Object.keys(files)], { encoding: 'buffer' });
  const artefact = {
    ...{ arch: process.arch, variant: 'thin', name: 'edge.tar', size: tar.length, sha256: digest(tar), format: 'tar' },
    ...{ chunk_size: 65_536, chunk_sha256: [digest(tar)], entrypoint: 'bin/tidegate-edge' },
    unpacked_size: Object.values(files).join('').length,
    files: Object.entries(files).map(([path, text]) => ({ path, mode: '0755', size: text.length, sha256: digest(text) })),
  };
  const manifest = manifestSchema.parse({
    ...{ schema: 1, device_type: 'tidegate-edge', version: next, channel: 'stable', released_at: '2026-01-01T00:00:00Z', sequence: 2 },
    source: { repository: 'https://example.com/edge', revision: 'a'.repeat(40) },
    artefacts: [artefact],
    migrations: [{ id: 'schema-2', argv: ['bin/migrate', 'up'], timeout_secs: 10, reversible: true }],
    snapshot: { paths: ['db'] },
  });
  return { tar, manifest, manifestBytes: Buffer.from(JSON.stringify(manifest)) };
}
type Release = Awaited<ReturnType<typeof release>>;

/** One start of the agent, as the version that `current` names. */
async function start(
  { tar, manifest, manifestBytes }: Release,
  version: typeof old,
  onRestart = (): void => undefined,
): Promise<UpgradeEngine> {
  const dataDir = join(root, 'data');
  const environment = { PATH: process.env['PATH'] ?? '', HOME: '/', LANG: 'C' };
  const parts: EngineParts = {
    slots: createSlotStore({ root, guardDir, service: 'tidegate-edge', bootId: 'boot', invocation: 'f'.repeat(32) }),
    snapshots: createSnapshotStore({ root, dataDir }),
    partials: createPartialDownloads(root),
    stateStore: createStateFile(join(root, 'state.json')),
    migrations: createMigrationRunner({ environment, dataDir }),
    health: createHealthChecks(environment),
    localChecks: () => [],
    source: {
      listVersions: async () => accept([]),
      fetchStatement: async () => accept({ manifestBytes, bundleBytes: Buffer.from('bundle'), origin: 'test' }),
      openArtefact: async (_version, _artefact, offset) =>
        accept(
          (async function* () {
            yield tar.subarray(offset);
          })(),
        ),
    },
    verifier: { verify: async (bytes) => accept({ manifest, digest: digest(bytes), signer: 'test' }) },
    unpacker: tarUnpacker,
    verifyTree,
    events: { append: async () => undefined },
    clock: { now: () => new Date(0), uptimeSecs: () => 100, bootId: () => 'boot', every: () => () => undefined },
    policy: {
      ...{ enabled: true, allowedChannels: [stable], minVersion: null, rollbackGrace: 1, allowMajor: false },
      ...{ maxAttemptsPerDay: 10, minAttemptIntervalSecs: 0, manualOnly: false, maintenanceWindow: null },
    },
    trial: { windowSecs: 120, maxSecs: 0, maxBootAttempts: 3, beatIntervalSecs: 15 },
    keepVersions: 3,
    self: { deviceType: 'tidegate-edge' as DeviceType, arch: process.arch, variant: 'thin', agentVersion: version, envNames: new Set() },
    newAttemptId: () => attemptId.parse('attempt-1'),
    drain: async () => undefined,
    extendStart: () => undefined,
    restart: onRestart,
    log: () => undefined,
  };
  const engine = createUpgradeEngine(parts);
  await engine.recover();
  return engine;
}

async function activate(built: Release): Promise<void> {
  let restarted = (): void => undefined;
  const restart = new Promise<void>((resolve) => (restarted = resolve));
  const engine = await start(built, old, () => restarted());
  expect(await engine.request({ version: next, channel: stable })).toMatchObject({ ok: true });
  await restart;
}

async function guard(verdict: 'committed' | 'reverted'): Promise<void> {
  const [link, target] = verdict === 'committed' ? ['committed', next] : ['current', old];
  await symlink(`versions/${target}`, join(root, 'swap'));
  await rename(join(root, 'swap'), join(root, link));
  await writeFile(join(guardDir, 'verdict'), `v=1\nattempt=attempt-1\nverdict=${verdict}\nreason=boot_attempts\nstarts=4\n`);
}

const GOOD = 'test "$1 $TIDEGATE_FROM_VERSION $TIDEGATE_TO_VERSION" = "up 1.0.0 1.1.0"\nprintf "schema 2" >"$TIDEGATE_DATA_DIR/db/main"';
const data = (): Promise<string> => readFile(join(root, 'data/db/main'), 'utf8');

it('a migration that succeeds is the committed version’s, and its snapshot is gone', async () => {
  const built = await release(GOOD);
  await activate(built);
  await start(built, next);
  expect(await data()).toBe('schema 2');
  await guard('committed');
  const committed = await start(built, next);
  expect(committed.history()[0]).toMatchObject({ state: 'committed', migrationsDone: ['schema-2'] });
  expect(await data()).toBe('schema 2');
  expect([await readdir(join(root, 'snapshots')), await readdir(join(root, 'staging'))]).toEqual([[], []]);
});

it('a migration that fails half-way ends each start, and the old version has its data back before it serves', async () => {
  const built = await release(`${GOOD}\nrm -r "$TIDEGATE_DATA_DIR/db"\nexit 3`);
  await activate(built);
  await expect(start(built, next)).rejects.toMatchObject({ code: 'upgrade_migration_failed', details: { exit_status: 3 } });
  await guard('reverted');
  const reverted = await start(built, old);
  expect(await data()).toBe('schema 1');
  expect(reverted.report()).toMatchObject({ state: 'rolled_back', error_code: 'upgrade_migration_failed' });
  expect(await readdir(join(root, 'snapshots'))).toEqual([]);
});
