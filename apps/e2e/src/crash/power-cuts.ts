import { rmSync } from 'node:fs';
import type { CrashNode, RunningAgent } from './crash-node.ts';
import { judgeNode } from './crash-points.ts';
import { cut, mount, unmount, type MountMode } from './ext4-image.ts';
import { readAttempts } from './node-disk.ts';
import type { Build, Releases } from './releases.ts';
import { isStopped } from './stopped-processes.ts';

/** How many calls of the agent, and how many milliseconds of the guard, lie between two cuts. */
export interface Pace {
  readonly every: number;
  readonly first: number;
  readonly guardMs: number;
}

export interface Attempt {
  readonly build: Build;
  readonly mode: MountMode;
  readonly pace: Pace;
  /** The defect that the harness must be able to find. */
  readonly unsynced?: boolean;
}

const QUIET_MS = 300;
const STARTS_AT_MOST = 8;

/**
 * One upgrade inside a mounted image, from the command to its end, while the image is copied again and again with all
 * writers stopped. Returns the copies.
 */
export async function cutDuring(attempt: Attempt, template: CrashNode, image: string, releases: Releases): Promise<readonly string[]> {
  const folder = image.replace(/\.img$/, '');
  const cuts: string[] = [];
  const takeCut = (): void => {
    const copy = `${folder}-cut-${cuts.length}.img`;
    cut(image, copy);
    cuts.push(copy);
  };
  mount(image, folder, attempt.mode);
  const node = template.at(folder, attempt.build);
  try {
    await node.connect(releases);
    node.onGuard = { stopAfterMs: attempt.pace.guardMs, stopped: takeCut };
    const order = { mode: 'count', ...attempt.pace, ...(attempt.unsynced && { unsynced: true }) };
    for (let start = 0; start < STARTS_AT_MOST; start += 1) {
      await node.pre();
      takeCut();
      const agent = node.start({ ...order, log: `${folder}.calls` });
      const how = await node.follow(agent, endAndCut(node, agent, takeCut));
      if (how === 'ended') continue;
      await node.stop(agent);
      break;
    }
    return cuts;
  } finally {
    await node.disconnect();
    unmount(folder);
    for (const name of [image, `${folder}.calls`, `${folder}.nodes.json`]) rmSync(name, { force: true });
  }
}

function endAndCut(node: CrashNode, agent: RunningAgent, takeCut: () => void): () => boolean {
  let settledAt: number | undefined;
  return () => {
    const pid = agent.child.pid ?? 0;
    if (isStopped(pid)) {
      takeCut();
      process.kill(pid, 'SIGCONT');
    }
    if (!node.settled()) return false;
    settledAt ??= performance.now();
    return performance.now() - settledAt > QUIET_MS;
  };
}

export interface Booted {
  /** Where the attempt stood on the disk that the machine came back with. */
  readonly stood: string;
  readonly faults: readonly string[];
}

/** The machine boots from what had reached the disk: guard, agent, and a manager that sends its command again. */
export async function bootFrom(copy: string, attempt: Attempt, template: CrashNode, releases: Releases): Promise<Booted> {
  const folder = copy.replace(/\.img$/, '');
  mount(copy, folder, attempt.mode);
  const node = template.at(folder, attempt.build);
  try {
    const { attempt: open, history } = readAttempts(node.root);
    const stood = open?.state ?? (history.length > 0 ? 'ended' : 'before');
    node.boot();
    await node.connect(releases);
    try {
      await node.recover();
      return { stood, faults: (await judgeNode(node, true)).faults };
    } catch (error) {
      return { stood, faults: [error instanceof Error ? error.message : String(error)] };
    } finally {
      await node.disconnect();
    }
  } finally {
    unmount(folder);
    for (const name of [copy, `${folder}.nodes.json`]) rmSync(name, { force: true });
  }
}
