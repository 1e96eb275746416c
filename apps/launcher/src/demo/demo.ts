import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NodeView, UpgradeView } from '@tidegate/contract-api';
import { INSTALLED_VERSION } from '../demo-releases/catalogue.ts';
import { DEVICE_TYPE } from '../demo-releases/demo-trust.ts';
import { openDataFolder } from '../system/data-folder.ts';
import { linkedVersion, type EdgeNode, type FleetPace } from '../system/edge-node.ts';
import { startSystem, type System } from '../system/start-system.ts';
import { waitUntil } from '../system/wait-until.ts';
import { lastWords } from './last-words.ts';
import { SCENARIOS, type Outcome, type Scenario } from './scenarios.ts';

/** As short as a loaded machine with two cores still bears: a candidate needs some seconds from its start to an acknowledged beat. */
const PACE: FleetPace = { bootHealthWindowSecs: 8, beatIntervalSecs: 1, watchdogMs: 4000, restartDelayMs: 200 };
const FLEET_UP_TIMEOUT_MS = 60_000;
const VERDICT_TIMEOUT_MS = 120_000;
/** From the verdict to the node's own report of it: it may just be restarting. */
const REPORT_TIMEOUT_MS = 20_000;

interface Step {
  readonly step: string;
  readonly ok: boolean;
  readonly secs: number;
  readonly [detail: string]: unknown;
}

export interface DemoRun {
  readonly keepDir?: string;
  readonly print: (line: object) => void;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** Runs every scenario once, each on a node of its own and all at the same time. Returns whether everything held. */
export async function runDemo({ keepDir, print, say, signal }: DemoRun): Promise<boolean> {
  const begunAt = performance.now();
  const folder = keepDir ?? mkdtempSync(join(tmpdir(), 'tidegate-demo-'));
  mkdirSync(folder, { recursive: true });
  // mkdtemp makes it 0700, and PostgreSQL runs as another user when this runs as root.
  chmodSync(folder, 0o755);
  const data = openDataFolder(folder);
  const steps: Step[] = [];
  const report = (step: Step) => {
    steps.push(step);
    print(step);
  };
  let problem: string | undefined;
  try {
    const system = await startSystem({ folder: data, port: 0, nodeCount: SCENARIOS.length, pace: PACE, say, signal });
    try {
      await fleetUp(system, signal);
      report({ step: 'fleet up', ok: true, secs: secondsSince(begunAt), nodes: system.nodes.length, version: INSTALLED_VERSION });
      await Promise.all(SCENARIOS.map(async (scenario, index) => report(await play(system, scenario, index, signal))));
    } finally {
      await system.stop();
    }
  } catch (error) {
    problem = signal.aborted ? 'interrupted' : error instanceof Error ? error.message : String(error);
  } finally {
    const hasFailed = problem !== undefined || steps.some((step) => !step.ok);
    if (hasFailed && !signal.aborted) for (const line of lastWords(data.logs)) say(line);
    data.release();
    if (keepDir === undefined) rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  }
  const passed = problem === undefined && steps.length === SCENARIOS.length + 1 && steps.every((step) => step.ok);
  print({ demo: passed ? 'pass' : 'fail', secs: secondsSince(begunAt), steps: steps.length, ...(problem !== undefined && { problem }) });
  return passed;
}

/** Every node is there, on the installed version, and says that it can be upgraded; the releases are listed too. */
async function fleetUp({ api, nodes }: System, signal: AbortSignal): Promise<void> {
  await waitUntil(
    'the whole fleet',
    FLEET_UP_TIMEOUT_MS,
    async () => {
      const ready = (await api.nodes()).filter(
        (node) => node.connection === 'online' && node.software_version === INSTALLED_VERSION && node.capabilities.includes('upgrade'),
      );
      return ready.length === nodes.length ? ready : undefined;
    },
    signal,
  );
  await waitUntil(
    'the list of releases',
    FLEET_UP_TIMEOUT_MS,
    async () => ((await api.releases(DEVICE_TYPE)).items.length > 0 ? true : undefined),
    signal,
  );
}

async function play(system: System, scenario: Scenario, index: number, signal: AbortSignal): Promise<Step> {
  const begunAt = performance.now();
  const node = system.nodes[index];
  if (!node) throw new Error(`there is no node for step ${scenario.step}`);
  const view = await viewOf(system, node);
  const requested = await system.api.requestUpgrade(view.id, { version: scenario.version });
  const ended = await waitUntil(
    `the verdict on ${scenario.version}`,
    VERDICT_TIMEOUT_MS,
    async () => {
      const upgrade = await system.api.upgrade(requested.id);
      return upgrade.finished_at === null ? undefined : upgrade;
    },
    signal,
  ).catch(async () => await system.api.upgrade(requested.id));
  const secs = secondsSince(begunAt);
  const { outcome, problems } = await settledOutcome(system, node, scenario, ended);
  const { state, error_code: code } = outcome.upgrade;
  return {
    step: scenario.step,
    ok: problems.length === 0,
    secs,
    node: node.name,
    version: scenario.version,
    expects: scenario.expects,
    state,
    error_code: code,
    running: outcome.runningVersion,
    current: outcome.current,
    ...(outcome.verdict['reason'] !== undefined && { guard_reason: outcome.verdict['reason'] }),
    ...(scenario.step === 'E' && { identity: outcome.upgrade.error_details['identity'] }),
    ...(problems.length > 0 && { problems, steps: outcome.upgrade.steps }),
  };
}

/** Asks until everything holds; what still does not after a while is the answer. */
async function settledOutcome(
  system: System,
  node: EdgeNode,
  scenario: Scenario,
  ended: UpgradeView,
): Promise<{ outcome: Outcome; problems: string[] }> {
  const look = async () => {
    const outcome = await outcomeOf(system, node, ended.id);
    return { outcome, problems: scenario.check(outcome) };
  };
  try {
    return await waitUntil(`what ${node.name} reports`, REPORT_TIMEOUT_MS, async () => {
      const seen = await look();
      return seen.problems.length === 0 ? seen : undefined;
    });
  } catch {
    return await look();
  }
}

async function outcomeOf(system: System, node: EdgeNode, upgradeId: string): Promise<Outcome> {
  const view = await viewOf(system, node);
  return {
    upgrade: await system.api.upgrade(upgradeId),
    events: await system.api.events(view.id),
    runningVersion: view.connection === 'online' ? view.software_version : null,
    current: linkedVersion(node.root, 'current'),
    committed: linkedVersion(node.root, 'committed'),
    previous: linkedVersion(node.root, 'previous'),
    verdict: readVerdict(node),
  };
}

async function viewOf({ api }: System, node: EdgeNode): Promise<NodeView> {
  const found = (await api.nodes()).find((candidate) => candidate.name === node.name);
  if (!found) throw new Error(`the manager does not know ${node.name}`);
  return found;
}

function readVerdict({ guardDir }: EdgeNode): Record<string, string> {
  try {
    const lines = readFileSync(join(guardDir, 'verdict'), 'utf8').trim().split('\n');
    return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]));
  } catch {
    return {};
  }
}

const secondsSince = (begunAt: number): number => Math.round((performance.now() - begunAt) / 100) / 10;
