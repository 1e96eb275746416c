import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CrashNode } from './crash-node.ts';
import { shimGuard, type GuardFault } from './guard-shims.ts';
import { faultsOf, linked, readAttempts } from './node-disk.ts';
import { VERSIONS, type Build, type Releases } from './releases.ts';

export const KILLS = ['kill-before', 'kill-after'] as const;
export const DISK_FAULTS = ['ENOSPC', 'EIO', 'EROFS'] as const;
export type Mode = (typeof KILLS)[number] | (typeof DISK_FAULTS)[number];

const isKill = (mode: Mode): boolean => mode.startsWith('kill');
/** No call for this long, and nothing to wait for: a start has done all it will do. */
const QUIET_MS = 300;
/** Beats that a node must still send after its disk failed, to count as alive. */
const BEATS = 2;

export interface Tried {
  /** False when the start made fewer calls than that: all of its points were tried. */
  readonly reached: boolean;
  /** The call at the point, e.g. `rename current`. */
  readonly call: string;
  readonly outcome: string;
  readonly faults: readonly string[];
}

/** One start of a node, ended or failed at its nth call, then put right again by guard, supervisor and manager. */
export async function tryPoint(node: CrashNode, releases: Releases, mode: Mode, point: number): Promise<Tried> {
  const log = join(node.folder, 'calls');
  await node.connect(releases);
  try {
    await node.pre();
    const agent = node.start({ mode, point, log });
    let calls = 0;
    let lastCallAt = performance.now();
    let beatsBefore: number | undefined;
    await node.follow(agent, () => {
      const now = lines(log).length;
      if (now !== calls) lastCallAt = performance.now();
      calls = now;
      const beats = node.manager.heard.filter(({ type }) => type === 'health').length;
      if (calls >= point && !isKill(mode)) {
        beatsBefore ??= beats;
        if (beats >= beatsBefore + BEATS) return true;
      }
      return node.settled() && performance.now() - lastCallAt > QUIET_MS;
    });
    const faults: string[] = [];
    const call = lines(log)[point - 1] ?? '';
    if (agent.end !== undefined && call !== '' && (agent.end.signal !== null) !== isKill(mode)) faults.push(`ended by ${agent.end.signal}`);
    await node.stop(agent);
    if (call === '') return { reached: false, call, outcome: '', faults };
    await node.recover();
    return { reached: true, call: shortened(call, node.root), ...(await judgeNode(node, isKill(mode), faults)) };
  } finally {
    await node.disconnect();
  }
}

/**
 * A whole upgrade whose guard dies, or meets a failing disk, at the nth of its changes over all of its verbs. A start that could
 * not be counted is not given to a candidate, so a failing disk may take a good build back.
 */
export async function tryGuardPoint(node: CrashNode, releases: Releases, fault: GuardFault, point: number): Promise<Tried> {
  await node.connect(releases);
  try {
    const calls = shimGuard(node, fault, point);
    await node.recover();
    return { reached: calls() >= point, call: `guard call ${point}`, ...(await judgeNode(node, fault === 'kill')) };
  } finally {
    await node.disconnect();
  }
}

/** A crash changes nothing but the time an upgrade takes; a failing disk may end it, with a code. */
export async function judgeNode(
  node: CrashNode,
  mustFinish: boolean,
  faults: readonly string[] = [],
): Promise<Pick<Tried, 'outcome' | 'faults'>> {
  const ended = readAttempts(node.root).history.find(({ commandId }) => commandId === node.commandId);
  const outcome = ended?.state ?? (node.refusedByDisk() ? 'refused by the disk' : 'none');
  const found = [...faults, ...(await faultsOf(node))];
  const expected = node.build === 'good' ? 'committed' : 'rolled_back';
  if (mustFinish && outcome !== expected) found.push(`${outcome} (${ended?.errorCode}) instead of ${expected}`);
  const current = linked(node.root, 'current');
  if ((current === VERSIONS.good) !== (outcome === 'committed') || current === VERSIONS.bad)
    found.push(`${outcome}, yet current is ${current}`);
  // The last start went through `current`; what it said of itself is what runs.
  const beat = node.manager.heard.findLast(({ type }) => type === 'health');
  const running = beat?.type === 'health' ? beat.software_version : 'nothing';
  if (running !== current) found.push(`${running} runs, current is ${current}`);
  if (outcome === 'failed' && !ended?.errorCode) found.push('failed without a code');
  return { outcome, faults: found };
}

const lines = (file: string): string[] => (existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : []);

const shortened = (call: string, root: string): string =>
  call.replace(root, '').replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}|\.[0-9a-f]{12}\.tmp/g, '*');

/** Runs what `next` gives, some at a time, until it gives nothing more. */
export async function inLanes(lanes: number, next: () => Promise<void> | undefined): Promise<void> {
  const lane = async (): Promise<void> => {
    for (let run = next(); run !== undefined; run = next()) await run;
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

/** Which start of an upgrade is crashed: the old version's up to the swap, the candidate's, or the old version's after a revert. */
export interface Phase {
  readonly name: string;
  readonly from: CrashNode;
  readonly build: Build;
}
