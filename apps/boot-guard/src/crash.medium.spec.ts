import { readdir, writeFile } from 'node:fs/promises';

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';

import { GuardHost, shells } from './guard-host.ts';

/** Every tool by which the guard changes the disk. What it writes by redirection is a temporary file until one of these ran. */
const mutating = ['mv', 'ln', 'dd', 'sync', 'rm', 'mkdir'];

/**
 * Kills the whole guard, as a power cut would, before its nth mutation; which is also the state after the one before.
 */
async function dieAt(host: GuardHost, point: number): Promise<void> {
  const counter = host.at('n');
  await writeFile(counter, '0\n');
  for (const tool of mutating) {
    await host.shim(
      tool,
      `read -r n <"${counter}"\nif [ $n = ${point} ]; then kill -9 0; fi\necho $((n + 1)) >"${counter}"\nexec /bin/${tool} "$@"`,
    );
  }
}

async function eachCrash(
  shell: readonly string[],
  play: (host: GuardHost) => Promise<void>,
  crash: (host: GuardHost) => Promise<{ code: number | null }>,
  after: (host: GuardHost, point: number) => Promise<void>,
): Promise<number> {
  for (let point = 0; ; point += 1) {
    const host = await GuardHost.create(shell);
    try {
      await play(host);
      const unharmed = host.env;
      await dieAt(host, point);
      const { code } = await crash(host);
      host.env = unharmed;
      await after(host, point);
      expect([point, ...(await unfinished(host))]).toEqual([point]);
      if (code !== null) return point;
    } finally {
      await host.remove();
    }
  }
}

/** Names that stand for half of a change. The next `pre` is the last that could have removed them. */
async function unfinished(host: GuardHost): Promise<readonly string[]> {
  await host.pre();
  const names = [...(await readdir(host.at('root'))), ...(await readdir(host.at('record')))];
  return names.filter((name) => name.startsWith('.'));
}

describe.each(shells)('the order on the disk, under %s', (_name, shell) => {
  it('of a commit: decision, links, verdict, and only then the end of the trial; each durable before the next', async () => {
    const host = await GuardHost.create(shell);
    try {
      await host.openTrial();
      await host.pass(120);
      await host.testimony();
      for (const tool of mutating) await host.shim(tool, `echo "${tool} $*" >>"${host.at('calls')}"\nexec /bin/${tool} "$@"`);
      expect(await host.judge()).toBe('commit');
      const calls = (await host.lines('calls')).map((line) =>
        line.replaceAll(`${host.folder}/`, '').replace(/(root\/\.\w+)\.\d+/g, '$1.PID'),
      );
      expect(calls).toEqual([
        'mkdir -p record',
        'dd of=record/counters bs=512 count=1 conv=notrunc,fsync',
        'rm -rf root/.previous.PID',
        'ln -sT versions/1.0.0 root/.previous.PID',
        'mv -T root/.previous.PID root/previous',
        'sync root',
        'rm -rf root/.committed.PID',
        'ln -sT versions/1.1.0 root/.committed.PID',
        'mv -T root/.committed.PID root/committed',
        'sync root',
        'sync record/.verdict.new',
        'mv -T record/.verdict.new record/verdict',
        'sync record',
        'rm -f record/trial',
        'sync record',
      ]);
    } finally {
      await host.remove();
    }
  });
});

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
        expect({ point, ...(await host.fields('record/trial')) }).toMatchObject({
          attempt: 'a-1',
          target: 'versions/1.1.0',
          from: 'versions/1.0.0',
        });
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
        expect([point, await host.verdict(), await host.version('current'), await host.trialIsOpen()]).toEqual([
          point,
          'reverted boot_attempts',
          '1.0.0',
          false,
        ]);
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
        expect([point, await host.verdict(), await host.version('current'), await host.trialIsOpen()]).toEqual([
          point,
          'reverted deadline',
          '1.0.0',
          false,
        ]);
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
        expect([
          point,
          await host.verdict(),
          await host.version('previous'),
          await host.version('committed'),
          await host.version('current'),
          await host.trialIsOpen(),
        ]).toEqual([point, 'committed proved', '1.0.0', '1.1.0', '1.1.0', false]);
      },
    );
  });
});
