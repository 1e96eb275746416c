import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { changesSeen, traced, unnumbered } from './audit.ts';
import { CrashNode } from './crash-node.ts';
import { DISK_FAULTS, inLanes, KILLS, tryGuardPoint, tryPoint, type Mode, type Phase, type Tried } from './crash-points.ts';
import type { GuardFault } from './guard-shims.ts';
import { memoryFolder } from './memory-folder.ts';
import { serveReleases, type Releases } from './releases.ts';

/** Some points wait for a beat or a verdict; the processors should not wait with them. */
const LANES = availableParallelism() + 2;
const MANY = 2_000;
const MINUTES = 60_000;
/** Every point is tried; a person who looks for something may try every nth. */
const STRIDE = Number(process.env['TIDEGATE_CRASH_STRIDE'] ?? 1);

let folder: string;
let releases: Releases;
let fresh: CrashNode;
let swapped: CrashNode;
let swappedBad: CrashNode;
let reverted: CrashNode;

beforeAll(async () => {
  folder = mkdtempSync(join(memoryFolder, 'crash-points-'));
  releases = await serveReleases(join(folder, 'releases'));
  fresh = await CrashNode.install(join(folder, 'fresh'), 'good', releases);
  swapped = await upToTheSwap('swapped', 'good');
  swappedBad = await upToTheSwap('swapped-bad', 'bad');
  reverted = await swappedBad.copy(join(folder, 'reverted'));
  await reverted.pre();
  await reverted.start().ended;
}, 2 * MINUTES);
afterAll(async () => {
  await releases?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function upToTheSwap(name: string, build: 'good' | 'bad'): Promise<CrashNode> {
  const node = await fresh.copy(join(folder, name), build);
  await node.connect(releases);
  await node.pre();
  const agent = node.start();
  await node.follow(agent, () => false);
  await node.disconnect();
  return node;
}

type TryOne = (node: CrashNode, point: number) => Promise<Tried>;
const agentAt =
  (mode: Mode): TryOne =>
  (node, point) =>
    tryPoint(node, releases, mode, point);
const guardAt =
  (fault: GuardFault): TryOne =>
  (node, point) =>
    tryGuardPoint(node, releases, fault, point);

/** Tries every point of a phase in one mode; resolves with what went wrong and says how much was tried. */
async function tryAll(phase: Phase, mode: string, tryOne: TryOne): Promise<readonly string[]> {
  const broken: string[] = [];
  const outcomes: Record<string, number> = {};
  let point = 1 - STRIDE;
  let tried = 0;
  let over = false;
  const report = (what: string): void => {
    process.stdout.write(`broken: ${phase.name}, ${mode}, ${what}\n`);
    broken.push(what);
  };
  const one = async (number: number): Promise<void> => {
    const node = await phase.from.copy(join(folder, `${phase.name}-${mode}-${number}`), phase.build);
    try {
      const { reached, call, outcome, faults } = await tryOne(node, number);
      if (!reached) over = true;
      else {
        tried += 1;
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      }
      for (const fault of faults) report(`${number} ${call}: ${fault}`);
    } catch (error) {
      report(`${number}: ${error instanceof Error ? error.message : String(error)}`);
    } finally {
      node.remove();
    }
  };
  await inLanes(LANES, () => (over || point >= MANY ? undefined : one((point += STRIDE))));
  process.stdout.write(`crash points: ${phase.name}, ${mode}: ${tried} tried, ${broken.length} broken ${JSON.stringify(outcomes)}\n`);
  expect(tried * STRIDE).toBeGreaterThan(20);
  return broken;
}

const phases = (): readonly Phase[] => [
  { name: 'good build up to the swap', from: fresh, build: 'good' },
  { name: 'good build on trial', from: swapped, build: 'good' },
  { name: 'after the revert of a bad build', from: reverted, build: 'bad' },
];

const canTrace = existsSync('/usr/bin/strace');
if (!canTrace) process.stdout.write('crash points: audit skipped, there is no strace here\n');

describe('the numbers', () => {
  (canTrace ? it : it.skip)(
    'are all there is: the kernel sees no other change of the install root, by any thread',
    async () => {
      for (const { name, from, build } of phases()) {
        const node = await from.copy(join(folder, `audit-${name}`), build);
        await node.connect(releases);
        await node.pre();
        const [calls, trace] = [join(node.folder, 'calls'), join(node.folder, 'trace')];
        const agent = node.start({ mode: 'count', log: calls }, traced(trace));
        // The candidate goes on after the verdict; its last change is made when it is asked to end.
        if ((await node.follow(agent)) === 'enough') {
          const [owner = ''] = readdirSync(join(node.root, 'lock'));
          process.kill(Number(owner.split('.')[1]), 'SIGTERM');
          await agent.ended;
        }
        // Node writes its compile cache by itself; it can be thrown away at any time.
        const seen = changesSeen(trace, node.root).filter(({ path }) => !path.startsWith(join(node.root, 'cache')));
        process.stdout.write(`crash points: audit of ${name}: the kernel saw ${seen.length} changes\n`);
        expect(seen.length).toBeGreaterThan(20);
        expect(unnumbered(seen, calls)).toEqual([]);
        await node.disconnect();
        node.remove();
      }
    },
    5 * MINUTES,
  );
});

describe('an upgrade whose agent is killed at a change of the disk', () => {
  it.each(KILLS)(
    '%s: ends committed, or rolled back, as it would have without',
    async (mode) => {
      for (const phase of phases()) expect(await tryAll(phase, mode, agentAt(mode))).toEqual([]);
    },
    10 * MINUTES,
  );

  it(
    'kill-before, of a bad build: is still taken back',
    async () => {
      expect(await tryAll({ name: 'bad build up to the swap', from: fresh, build: 'bad' }, 'kill-before', agentAt('kill-before'))).toEqual(
        [],
      );
    },
    10 * MINUTES,
  );
});

describe('an upgrade whose disk fails at a change', () => {
  it.each(DISK_FAULTS)(
    '%s: the agent ends or goes on beating, and the attempt ends with a code once the disk is back',
    async (mode) => {
      for (const phase of phases()) expect(await tryAll(phase, mode, agentAt(mode))).toEqual([]);
    },
    10 * MINUTES,
  );
});

describe('an upgrade whose guard is ended, or whose tools fail, at a change of the disk', () => {
  const upgrades = (): readonly Phase[] => [
    { name: 'guard, good build', from: swapped, build: 'good' },
    { name: 'guard, bad build', from: swappedBad, build: 'bad' },
  ];
  it.each(['kill', 'fail'] as const)(
    '%s: the node ends whole, and with a kill on the verdict that it would have had',
    async (fault) => {
      for (const phase of upgrades()) expect(await tryAll(phase, fault, guardAt(fault))).toEqual([]);
    },
    10 * MINUTES,
  );
});
