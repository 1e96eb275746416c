import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { GuardHost, shells } from './guard-host.ts';

/** Every tool by which the guard changes the disk or asks for a restart. */
const mutating = ['mv', 'ln', 'dd', 'sync', 'rm', 'mkdir', 'systemctl'];

/**
 * Kills the whole guard around the nth mutation, for every n until it comes through alive: before the tool runs on even
 * points, after it on odd ones. Nothing but a process group's death can leave the state that this leaves.
 */
async function dieAt(host: GuardHost, point: number): Promise<void> {
  for (const tool of mutating) {
    const count = `n=$(($(cat "${host.at('n')}" 2>/dev/null || echo 0) + 1)); echo $n >"${host.at('n')}"`;
    const real = tool === 'systemctl' ? ':' : `PATH=/usr/bin:/bin ${tool} "$@"`;
    await host.shim(tool, `${count}\nif [ $n = ${Math.floor(point / 2) + 1} ]; then ${point % 2 ? real : ':'}; kill -9 0; fi\n${real}`);
  }
}

async function eachCrash(shell: readonly string[], play: (host: GuardHost) => Promise<void>, crash: (host: GuardHost) => Promise<{ code: number | null }>, after: (host: GuardHost, point: number) => Promise<void>): Promise<number> {
  for (let point = 0; ; point += 1) {
    const host = await GuardHost.create(shell);
    try {
      await play(host);
      const unharmed = host.env;
      await dieAt(host, point);
      const { code } = await crash(host);
      host.env = unharmed;
      await after(host, point);
      if (code !== null) return point;
    } finally {
      await host.remove();
    }
  }
}

describe.each(shells)('a guard killed between any two steps, under %s', (_name, shell) => {
  let points = 0;
  beforeEach(() => {
    points = 0;
  });
  afterEach(() => expect(points).toBeGreaterThan(4));

  it('while it opens a trial and counts: the next start counts on and the trial is whole', async () => {
    points = await eachCrash(
      shell,
      async (host) => {
        await host.pre();
        await host.intent({ max_boot_attempts: 5 });
        await host.point('current', '1.1.0');
      },
      (host) => host.pre(),
      async (host, point) => {
        await host.pre();
        expect({ point, ...(await host.fields('record/trial')) }).toMatchObject({ attempt: 'a-1', target: 'versions/1.1.0', from: 'versions/1.0.0' });
        expect((await host.lines('record/counters'))[0]).toMatch(/^starts=0000[12] boots=00000 .*closing=-/);
        expect(await host.startsFrom()).toBe('current');
      },
    );
  });

  it('while it reverts at a start: ends reverted for the same reason', async () => {
    points = await eachCrash(
      shell,
      async (host) => {
        await host.openTrial({ max_boot_attempts: 1 });
      },
      (host) => host.pre(),
      async (host, point) => {
        await host.pre();
        expect([point, await host.verdict(), await host.version('current'), await host.trialIsOpen()]).toEqual([point, 'reverted boot_attempts', '1.0.0', false]);
      },
    );
  });

  it('while it reverts at the deadline: ends reverted for the same reason, and a restart is asked for until it came', async () => {
    points = await eachCrash(
      shell,
      async (host) => {
        await host.openTrial();
        await host.pass(120);
      },
      (host) => host.guard('judge', 'svc'),
      async (host, point) => {
        expect([point, await host.guard('judge', 'svc')]).toMatchObject([point, { code: 10, stdout: 'revert deadline\n' }]);
        await host.pre();
        expect([point, await host.verdict(), await host.version('current'), await host.trialIsOpen()]).toEqual([point, 'reverted deadline', '1.0.0', false]);
        expect(await host.judge()).toBe('none');
      },
    );
  });

  it.each([
    ['judge', async (host: GuardHost) => void (await host.judge())],
    ['pre', async (host: GuardHost) => void (await host.pre())],
  ])('while it commits: %s ends it committed, with the old version as previous, though the testimony went stale', async (_verb, again) => {
    points = await eachCrash(
      shell,
      async (host) => {
        await host.openTrial();
        await host.pass(120);
        await host.testimony();
      },
      (host) => host.guard('judge', 'svc'),
      async (host, point) => {
        // Killed before the decision was recorded there is none, and a candidate may still prove itself.
        const decided = !(await host.lines('record/counters'))[0]?.trim().endsWith('closing=-');
        if (decided) await host.pass(1_000);
        else await host.judge();
        await again(host);
        expect([point, await host.verdict(), await host.version('previous'), await host.version('committed'), await host.version('current'), await host.trialIsOpen()])
          .toEqual([point, 'committed proved', '1.0.0', '1.1.0', '1.1.0', false]);
      },
    );
  });
});
