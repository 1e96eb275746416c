/**
 * One node in memory: disk, release source, guard and clock as plain values that outlive the engine, so that a test can stop
 * the engine anywhere ("power cut") and start another one on what is left. A call nobody prepared fails the test.
 */
import { accept, CodedError, refuse, type ErrorCode, type Verdict } from '@tidegate/contract-errors';
import type { NodeEvent } from '@tidegate/contract-events';
import {
  LIMITS,
  manifest as manifestSchema,
  releaseVersion,
  sha256,
  type Artefact,
  type Channel,
  type DeviceType,
  type Manifest,
  type ReleaseVersion,
  type Sha256,
} from '@tidegate/contract-manifest';
import { attemptId } from '@tidegate/contract-protocol';
import type { UpgradePolicy } from '@tidegate/domain-version-policy';
import type { EngineParts } from '../engine-parts.ts';
import type { NodeState } from '../node-state.ts';
import type { GuardVerdict, InstalledStatement, SlotLinks, TrialIntent, Testimony } from '../ports/slot-store.ts';
import { fakeSnapshots, someData, type FakeData } from './fake-snapshots.ts';

export const version = (text: string): ReleaseVersion => releaseVersion.parse(text);
/** A digest that is easy to tell apart: the same character 64 times over. */
export const digestOf = (text: string): Sha256 => {
  let hash = 7;
  for (const character of text) hash = (hash * 31 + character.charCodeAt(0)) >>> 0;
  return sha256.parse(hash.toString(16).padStart(8, '0').repeat(8));
};

export const aManifest = (text: string, more: Partial<Manifest> = {}): Manifest =>
  manifestSchema.parse({
    schema: 1,
    device_type: 'tidegate-edge',
    version: text,
    channel: 'stable',
    released_at: '2026-01-01T00:00:00Z',
    sequence: 10,
    source: { repository: 'https://example.com/edge', revision: 'a'.repeat(40) },
    artefacts: [
      {
        arch: 'x64',
        variant: 'thin',
        name: 'edge.tar.gz',
        size: 100,
        sha256: digestOf(`artefact ${text}`),
        format: 'tar.gz',
        chunk_size: LIMITS.chunkBytes,
        chunk_sha256: [digestOf(`artefact ${text}`)],
        unpacked_size: 300,
        entrypoint: 'bin/tidegate-edge',
        files: [{ path: 'bin/tidegate-edge', mode: '0755', size: 300, sha256: digestOf(`file ${text}`) }],
      },
    ],
    ...more,
  });

interface Slot {
  readonly statement: InstalledStatement;
  sound: boolean;
}

/** What survives a power cut. */
export interface Disk {
  links: SlotLinks;
  slots: Map<string, Slot>;
  staging: Set<string>;
  /** Chunks kept of an artefact, by its digest. */
  parts: Map<string, number>;
  state: NodeState | null;
  corrupt: boolean;
  intent: TrialIntent | null;
  testimony: Testimony | null;
  verdict: GuardVerdict | null;
  guard: ReleaseVersion | null;
  /** How many versions were last asked to be kept, and which unknown ones to be deleted. */
  kept: number | null;
  pruneRequests: (readonly string[])[];
  spool: { name: string; severity: string; details: NodeEvent['details'] }[];
  freeBytes: number;
  data: FakeData;
}

export class PowerCut extends Error {
  override readonly name = 'PowerCut';
}

const bytesOf = (manifest: Manifest): Uint8Array => new TextEncoder().encode(JSON.stringify(manifest));
const statementOf = (manifest: Manifest): InstalledStatement => ({
  manifestBytes: bytesOf(manifest),
  bundleBytes: new Uint8Array([1]),
  digest: digestOf(JSON.stringify(manifest)),
});

async function* bytesFrom(artefact: Artefact, offset: number, end = artefact.size): AsyncGenerator<Uint8Array> {
  for (let at = offset; at < end; at += artefact.chunk_size) yield new Uint8Array(Math.min(artefact.chunk_size, end - at));
}

export const OPEN_POLICY: UpgradePolicy = {
  enabled: true,
  allowedChannels: ['stable' as Channel],
  minVersion: null,
  rollbackGrace: 1,
  allowMajor: false,
  maxAttemptsPerDay: 10,
  minAttemptIntervalSecs: 0,
  manualOnly: false,
  maintenanceWindow: null,
};

export function createFakeNode(installed = '1.0.0', release: Partial<Manifest> = {}) {
  const first = version(installed);
  const disk: Disk = {
    links: { current: first, committed: first, previous: null },
    slots: new Map([[first, { statement: statementOf(aManifest(installed, release)), sound: true }]]),
    staging: new Set(),
    parts: new Map(),
    state: null,
    corrupt: false,
    intent: null,
    testimony: null,
    verdict: null,
    guard: version('1.0.0'),
    kept: null,
    pruneRequests: [],
    spool: [],
    freeBytes: 1e9,
    data: someData(),
  };
  const releases = new Map<string, Manifest>();
  const log: string[] = [];
  let cutAt = Infinity;
  let fault: { readonly from: number; readonly count: number; readonly code: ErrorCode } | null = null;
  let seen = 0;
  let ticks: (() => void)[] = [];
  const clock = { wallMs: Date.parse('2026-03-01T12:00:00Z'), uptime: 1000, bootId: 'boot-1' };
  const answers: {
    verify: Verdict<void>;
    unpack: Verdict<void> | (() => Promise<Verdict<void>>);
    source: Verdict<void>;
    listing: () => Promise<Verdict<readonly ReleaseVersion[]>>;
    migrate: (id: string) => Verdict<void>;
    /** Ids of health checks that do not pass. */
    failing: Set<string>;
  } = {
    migrate: () => accept(undefined),
    failing: new Set(),
    verify: accept(undefined),
    unpack: accept(undefined),
    source: accept(undefined),
    listing: async () => accept([...releases.keys()].reverse().map(version)),
  };
  /** Versions whose statement the source was asked for. */
  const asked: string[] = [];
  /** Where each download was begun. */
  const offsets: number[] = [];
  let restarts = 0;
  let extendedSecs = 0;
  let attempts = 0;

  /** Every change of the disk goes through here: numbered, and the place where the power fails. */
  const mutate = (what: string, act: () => void): void => {
    if (log.length >= cutAt) throw new PowerCut(what);
    if (fault && fault.from <= seen && seen++ < fault.from + fault.count) throw new CodedError(fault.code, { step: what });
    if (fault && fault.from > seen) seen += 1;
    log.push(what);
    act();
  };

  const parts = (more: Partial<EngineParts> = {}): EngineParts => ({
    slots: {
      links: () => Promise.resolve(disk.links),
      stagingFolder: (attempt) => Promise.resolve(`staging/${attempt}`),
      clearStaging: async () =>
        mutate('clear staging', () => {
          disk.staging.clear();
          disk.parts.clear();
        }),
      slotFolder: (of) => `versions/${of}`,
      hasSlot: (of) => Promise.resolve(disk.slots.has(of)),
      readStatement: (of) => Promise.resolve(disk.slots.get(of)?.statement ?? null),
      install: async (folder, of, statement) => {
        if (!disk.staging.has(folder)) throw new Error(`${folder} was never unpacked`);
        mutate(`install ${of}`, () => {
          disk.staging.delete(folder);
          disk.slots.set(of, {
            statement: { ...statement, digest: digestOf(new TextDecoder().decode(statement.manifestBytes)) },
            sound: true,
          });
        });
        return accept(undefined);
      },
      discardSlot: async (of) => mutate(`discard ${of}`, () => disk.slots.delete(of)),
      writeIntent: async (intent) => mutate('intent', () => (disk.intent = intent)),
      swapCurrent: async (of) => {
        if (!disk.slots.has(of)) return refuse('upgrade_storage_error', { reason: 'entry point missing' });
        mutate(`swap ${of}`, () => (disk.links = { ...disk.links, current: of }));
        return accept(undefined);
      },
      writeTestimony: async (testimony) => mutate('testimony', () => (disk.testimony = testimony)),
      verdict: () => Promise.resolve(disk.verdict),
      guardVersion: () => Promise.resolve(disk.guard),
      requestPrune: async (keep, known) => {
        const live: readonly (string | null)[] = Object.values(disk.links);
        const names = [...disk.slots.keys()].filter((name) => !live.includes(name));
        const unknown = names.filter((name) => !known.has(name));
        if (unknown.length > 0) mutate('prune', () => disk.pruneRequests.push(unknown));
        disk.kept = keep;
        return unknown;
      },
      space: () => Promise.resolve({ freeBytes: disk.freeBytes, totalBytes: 2e9, freeInodes: 100_000 }),
    },
    snapshots: fakeSnapshots(disk.data, mutate),
    stateStore: {
      load: () =>
        Promise.resolve(disk.corrupt ? { state: null, quarantined: 'state.corrupt-1.json' } : { state: disk.state, quarantined: null }),
      save: async (state) => mutate(`save ${state.attempt?.state ?? 'idle'}`, () => (disk.state = structuredClone(state))),
    },
    source: {
      listVersions: async () => (answers.source.ok ? answers.listing() : answers.source),
      fetchStatement: async (of) => {
        asked.push(of);
        if (!answers.source.ok) return answers.source;
        const found = releases.get(of);
        return found ? accept({ ...statementOf(found), origin: 'test' }) : refuse('upgrade_release_not_found', { version: of });
      },
      openArtefact: async (_, artefact, offset) => {
        offsets.push(offset);
        return accept(bytesFrom(artefact, offset));
      },
    },
    partials: {
      open: async (artefact) => {
        const kept = (disk.parts.get(artefact.sha256) ?? 0) * artefact.chunk_size;
        return {
          keptBytes: kept,
          read: () => bytesFrom(artefact, 0, kept),
          append: async () => mutate('keep chunk', () => disk.parts.set(artefact.sha256, (disk.parts.get(artefact.sha256) ?? 0) + 1)),
          close: async () => undefined,
        };
      },
      drop: async (artefact) => mutate('drop part', () => disk.parts.delete(artefact.sha256)),
    },
    verifier: {
      verify: async (bytes) => {
        if (!answers.verify.ok) return answers.verify;
        const text = new TextDecoder().decode(bytes);
        return accept({ manifest: manifestSchema.parse(JSON.parse(text)), digest: digestOf(text), signer: 'release workflow' });
      },
    },
    unpacker: {
      unpack: async (input, artefact, folder, { signal, onProgress, onChunk }) => {
        let received = 0;
        for await (const chunk of input) {
          onProgress({ receivedBytes: (received += chunk.length), totalBytes: artefact.size });
          await onChunk?.(chunk);
        }
        if (received !== artefact.size) throw new CodedError('upgrade_checksum_mismatch', { rule: 'too short' });
        const answer = typeof answers.unpack === 'function' ? await answers.unpack() : answers.unpack;
        if (signal.aborted) throw new CodedError('upgrade_network_error', { reason: 'aborted' });
        if (answer.ok) mutate('unpack', () => disk.staging.add(folder));
        return answer;
      },
    },
    verifyTree: async (folder) =>
      disk.slots.get(folder.replace('versions/', ''))?.sound ? accept(undefined) : refuse('slot_damaged', { path: 'bin/tidegate-edge' }),
    migrations: {
      run: async ({ id }) => {
        mutate(`migrate ${id}`, () => disk.data.live.set('db', `${disk.data.live.get('db') ?? ''}+${id}`));
        return answers.migrate(id);
      },
    },
    health: { run: async (checks) => checks.map(({ id }) => ({ id, ok: !answers.failing.has(id) })) },
    localChecks: () => [{ id: 'process', ok: !answers.failing.has('process') }],
    extendStart: (secs) => void (extendedSecs += secs),
    events: { append: async (event) => mutate(`event ${event.name}`, () => disk.spool.push(event)) },
    clock: {
      now: () => new Date(clock.wallMs),
      uptimeSecs: () => clock.uptime,
      bootId: () => clock.bootId,
      every: (_, callback) => {
        ticks.push(callback);
        return () => (ticks = ticks.filter((one) => one !== callback));
      },
    },
    policy: OPEN_POLICY,
    trial: { windowSecs: 120, maxSecs: 0, maxBootAttempts: 3, beatIntervalSecs: 15 },
    keepVersions: 3,
    self: {
      deviceType: 'tidegate-edge' as DeviceType,
      arch: 'x64',
      variant: 'thin',
      agentVersion: disk.links.current ?? first,
      envNames: new Set(),
    },
    newAttemptId: () => attemptId.parse(`attempt-${++attempts}`),
    drain: async () => undefined,
    restart: () => void restarts++,
    log: () => undefined,
    ...more,
  });

  return {
    disk,
    clock,
    answers,
    log,
    parts,
    /** What the source answers when asked for a version; a bad source may answer with another one. */
    publish: (manifest: Manifest, askedFor: string = manifest.version) => void releases.set(askedFor, manifest),
    isPublished: (of: string) => releases.has(of),
    /** The n-th change of the disk from the start, and all after it, do not happen. */
    cutPowerAfter: (changes: number) => (cutAt = changes),
    /** From the n-th change on, so many fail with a code and change nothing. */
    failChanges: (from: number, count: number, code: ErrorCode) => {
      seen = 0;
      fault = { from, count, code };
    },
    heal: () => (fault = null),
    powerOn: () => {
      cutAt = Infinity;
      ticks = [];
      answers.unpack = accept(undefined);
    },
    tick: () => ticks.forEach((callback) => callback()),
    watching: () => ticks.length > 0,
    asked,
    offsets,
    restarts: () => restarts,
    extendedSecs: () => extendedSecs,
    /** The guard, as far as an engine can see it. */
    guardCommits: () => {
      const { current, committed } = disk.links;
      disk.links = { current, committed: current, previous: committed };
      disk.verdict = { attempt: disk.intent?.attempt ?? 'unknown', verdict: 'committed', reason: 'proved', starts: 1 };
    },
    guardReverts: (reason = 'deadline') => {
      disk.links = { ...disk.links, current: disk.links.committed };
      disk.verdict = { attempt: disk.intent?.attempt ?? 'unknown', verdict: 'reverted', reason, starts: 2 };
    },
  };
}
export type FakeNode = ReturnType<typeof createFakeNode>;
