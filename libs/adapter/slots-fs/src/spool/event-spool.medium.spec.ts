import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { appendFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { describeSpoolContract, started } from '@tidegate/engine-node-link/testing';
import type { NodeEvent } from '@tidegate/contract-events';
import { openEventSpool, type EventSpool } from './event-spool.ts';

const NOON = new Date('2026-01-01T12:00:00.000Z');
const openAt = (folder: string, limits?: { maxEvents: number; maxBytes: number }) =>
  openEventSpool({ folder, now: () => NOON, ...(limits && { limits }) });

describeSpoolContract('the spool on disk', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-spool-'));
  let spool = await openAt(folder);
  return {
    spool,
    async restart() {
      await spool.close();
      spool = await openAt(folder);
      return spool;
    },
    async dispose() {
      await spool.close();
      rmSync(folder, { recursive: true });
    },
  };
});

describe('the spool on disk', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'tidegate-spool-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** Everything in it, run after run, as a manager would get it. */
  const drain = async (spool: EventSpool): Promise<NodeEvent[]> => {
    const all: NodeEvent[] = [];
    for (;;) {
      const events = await spool.batch(null, 1000);
      const last = events.at(-1);
      if (!last) return all;
      all.push(...events);
      await spool.acknowledge(last.spool_id, last.seq);
    }
  };
  const reopened = async (...limits: Parameters<typeof openAt> extends [string, ...infer Rest] ? Rest : never) =>
    drain(await openAt(folder, ...limits));
  const segments = (): string[] =>
    readdirSync(folder)
      .filter((name) => name.endsWith('.log'))
      .sort();
  const bytesOnDisk = (): number => segments().reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);

  it('has lost nothing it promised when the process is killed', async () => {
    const script = join(import.meta.dirname, 'testing/append-until-killed.ts');
    for (const appends of [1, 40, 137]) {
      const child = spawn(process.execPath, ['--no-warnings', script, folder, String(appends)], { stdio: 'inherit', env: {} });
      expect(await once(child, 'exit')).toEqual([null, 'SIGKILL']);
      const events = await reopened();
      expect(events.length).toBeGreaterThanOrEqual(appends);
      expect(events.map((event) => event.details['n'])).toEqual(events.map((_, index) => index + 1));
    }
  });

  it('is not touched before there is an event', async () => {
    await (await openAt(folder)).close();
    expect(segments()).toEqual([]);
  });

  it('cuts a torn last line, which was promised to nobody', async () => {
    const spool = await openAt(folder);
    for (const run of ['a', 'b', 'c']) await spool.append(started(run));
    await spool.close();
    const file = join(folder, segments()[0] ?? '');
    const whole = readFileSync(file);
    const beforeLast = whole.lastIndexOf('\n', whole.length - 2) + 1;
    for (const size of [beforeLast, beforeLast + 1, beforeLast + 40, whole.length - 1]) {
      rmSync(folder, { recursive: true });
      mkdirSync(folder);
      writeFileSync(file, whole.subarray(0, size));
      expect((await reopened()).map((event) => event.details['run'] ?? event.name)).toEqual(['a', 'b']);
    }
  });

  it('confesses lines that rotted, and keeps the rest', async () => {
    const spool = await openAt(folder);
    for (const run of ['a', 'b', 'c']) await spool.append(started(run));
    await spool.close();
    const file = join(folder, segments()[0] ?? '');
    writeFileSync(file, readFileSync(file, 'utf8').replace('"run":"b"', '"run":"X"'));
    const events = await reopened();
    expect(events.map((event) => event.details['run'] ?? event.name)).toEqual(['a', 'c', 'events_lost']);
    expect(events[2]?.details).toMatchObject({ lost: 1, reason: 'unreadable' });
  });

  it('ignores what is no segment', async () => {
    writeFileSync(join(folder, 'notes.txt'), 'x');
    appendFileSync(join(folder, '.12ab.tmp'), 'x');
    const spool = await openAt(folder);
    await spool.append(started('a'));
    expect(await drain(spool)).toHaveLength(1);
  });

  it('leaves nothing on disk to send again once all is acknowledged', async () => {
    const spool = await openAt(folder);
    for (const run of ['a', 'b']) await spool.append(started(run));
    await drain(spool);
    await spool.close();
    expect(bytesOnDisk()).toBe(0);
    expect(await reopened()).toEqual([]);
  });

  it('spreads over segments, deletes acknowledged ones and reads across them', async () => {
    const spool = await openAt(folder);
    const filler = Array.from({ length: 10 }, () => 'x'.repeat(400));
    for (let n = 0; n < 60; n++) await spool.append({ name: 'agent_started', severity: 'info', details: { n, filler } });
    expect(segments().length).toBeGreaterThan(3);
    const before = segments().length;
    const events = await spool.batch(null, 40);
    expect(events.map((event) => event.details['n'])).toEqual(Array.from({ length: 40 }, (_, n) => n));
    await spool.acknowledge(events[39]?.spool_id ?? '', 40);
    expect(segments().length).toBeLessThan(before);
    expect((await drain(spool)).map((event) => event.details['n'])).toEqual(Array.from({ length: 20 }, (_, n) => n + 40));
  });

  it('drops the oldest info events when it is full, never critical ones, and says how many', async () => {
    const limits = { maxEvents: 100, maxBytes: 1_000_000 };
    const spool = await openAt(folder, limits);
    for (let n = 1; n <= 300; n++)
      await spool.append({
        name: n % 10 ? 'agent_started' : 'upgrade_rolled_back',
        severity: n % 10 ? 'info' : 'critical',
        details: { n },
      });
    await spool.close();
    const events = await reopened();
    expect(events.length).toBeLessThanOrEqual(101);
    expect(events.map((event) => event.details['n'])).toContain(300);
    expect(events.filter((event) => event.severity === 'critical').map((event) => event.details['n'])).toEqual(
      Array.from({ length: 30 }, (_, n) => (n + 1) * 10),
    );
    const lost = events.filter((event) => event.name === 'events_lost').reduce((sum, event) => sum + Number(event.details['lost']), 0);
    const there = events.filter((event) => event.name !== 'events_lost').length;
    expect(lost + there).toBe(300);
  });

  it('does not grow by confessions when critical events fill it', async () => {
    const spool = await openAt(folder, { maxEvents: 20, maxBytes: 1_000_000 });
    for (let n = 0; n < 25; n++) await spool.append({ name: 'upgrade_rolled_back', severity: 'critical', details: { n } });
    for (let n = 0; n < 95; n++) await spool.append(started(String(n)));
    const { spool_id: spoolId } = (await spool.batch(null, 1))[0] ?? { spool_id: '' };
    await spool.acknowledge(spoolId, 1);
    const events = await drain(spool);
    expect(events.filter((event) => event.severity === 'critical')).toHaveLength(24);
    const confessions = events.filter((event) => event.name === 'events_lost');
    expect(confessions).toHaveLength(10);
    expect(confessions.reduce((sum, event) => sum + Number(event.details['lost']), 0)).toBe(95);
  });

  it('stays within its bytes', async () => {
    const limits = { maxEvents: 10_000, maxBytes: 200_000 };
    const spool = await openAt(folder, limits);
    for (let n = 0; n < 400; n++) await spool.append({ name: 'agent_started', severity: 'info', details: { n, filler: 'x'.repeat(1800) } });
    await spool.close();
    expect(bytesOnDisk()).toBeLessThanOrEqual(limits.maxBytes + 64 * 1024);
    expect((await reopened()).map((event) => event.details['n'])).toContain(399);
  });

  it('sends no event that would end every session it is sent on', async () => {
    const spool = await openAt(folder);
    await spool.append({ name: 'agent_started', severity: 'info', details: { text: 'x'.repeat(70_000) } });
    expect((await drain(spool))[0]?.details).toEqual({ details_dropped: true });
  });
});
