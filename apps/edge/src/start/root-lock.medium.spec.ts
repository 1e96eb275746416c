import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { lockHolder, lockRoot } from './root-lock.ts';

const BOOT = 'aaaaaaaa-0000-4000-8000-000000000001';

describe('lockRoot', () => {
  let root: string;
  const children: ChildProcess[] = [];
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'tidegate-lock-'));
  });
  afterEach(() => {
    for (const child of children.splice(0)) child.kill('SIGKILL');
    rmSync(root, { recursive: true });
  });
  const start = async (): Promise<{ child: ChildProcess; outcome: string }> => {
    const script = join(import.meta.dirname, '../testing/hold-lock.ts');
    const child = spawn(process.execPath, ['--no-warnings', script, root, BOOT], { stdio: ['pipe', 'pipe', 'inherit'], env: {} });
    children.push(child);
    const [text] = (await once(child.stdout, 'data')) as [Buffer];
    return { child, outcome: String(text).trim() };
  };
  const names = (): string[] => readdirSync(join(root, 'lock'));

  it('lets one agent in and names it to the next', async () => {
    const { child, outcome } = await start();
    expect(outcome).toBe('held');
    await expect(lockRoot(root, BOOT)).rejects.toMatchObject({ code: 'root_in_use', details: { pid: child.pid } });
    expect(await lockHolder(root, BOOT)).toBe(child.pid);
    expect(names()).toHaveLength(1);
  });

  it('is free again after a release and after a kill', async () => {
    const lock = await lockRoot(root, BOOT);
    await lock.release();
    const { child, outcome } = await start();
    expect(outcome).toBe('held');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await lockHolder(root, BOOT)).toBeNull();
    expect((await start()).outcome).toBe('held');
    expect(names()).toHaveLength(1);
  });

  it('never lets two in, however many start at once', async () => {
    for (let round = 0; round < 3; round++) {
      const outcomes = (await Promise.all(Array.from({ length: 6 }, start))).map(({ outcome }) => outcome);
      expect(outcomes.filter((outcome) => outcome === 'held').length).toBeLessThanOrEqual(1);
      expect(new Set(outcomes)).not.toContain('fault');
      const held = children.filter((child) => child.exitCode === null && child.signalCode === null);
      const ended = held.map((child) => once(child, 'exit'));
      for (const child of children.splice(0)) child.kill('SIGKILL');
      await Promise.all(ended);
    }
  });

  it('is not held by a recycled pid, another boot or a name it cannot read', async () => {
    mkdirSync(join(root, 'lock'));
    for (const name of [`${BOOT}.${process.pid}.1`, `bbbbbbbb-0000-4000-8000-000000000002.${process.pid}.1`, 'notes'])
      writeFileSync(join(root, 'lock', name), '');
    await (await lockRoot(root, BOOT)).release();
    expect(names()).toEqual([]);
  });
});
