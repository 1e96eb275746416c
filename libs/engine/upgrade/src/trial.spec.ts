import { describe, expect, it } from '@jest/globals';
import type { Manifest } from '@tidegate/contract-manifest';
import { activated, boot, quiet } from './testing/engine-bench.ts';
import { aManifest, createFakeNode, type FakeNode } from './testing/fake-node.ts';

const health = (...ids: string[]): Partial<Manifest> => ({
  health: {
    start_timeout_secs: 60,
    checks: ids.map((id) => ({ id, kind: 'http' as const, path: '/healthz', port: 8080, timeout_secs: 5 })),
  },
});
const serving = { ready: true, authenticated: true, beatUptimeSecs: 12 };

/** A node whose running version declares `former`, upgraded to one that declares `own`. */
const trialOf = async (node: FakeNode, own: Partial<Manifest>, failingBefore: string[] = []) => {
  for (const id of failingBefore) node.answers.failing.add(id);
  node.publish(aManifest('1.1.0', own));
  await activated(node);
  return boot(node);
};

describe('the checks of a trial', () => {
  it('are run before the candidate says it is ready: neither word goes without the other', async () => {
    const node = createFakeNode();
    const parts = node.parts();
    let answer = (): void => undefined;
    const asked = new Promise<void>((resolve) => (answer = resolve));
    const slow: typeof parts.health = { run: async (...request) => (await asked, parts.health.run(...request)) };
    node.publish(aManifest('1.1.0', health('api')));
    await activated(node);
    const candidate = await boot(node, { health: slow });
    await candidate.testify(serving);
    await quiet();
    expect(node.disk.testimony).toMatchObject({ ...serving, ready: false, checks: 'ok' });
    answer();
    await quiet();
    expect(node.disk.testimony).toMatchObject({ ...serving, attempt: 'attempt-1', checks: 'ok' });
    expect(candidate.checks()).toEqual([
      { id: 'process', ok: true },
      { id: 'api', ok: true },
    ]);
  });

  it('that fail are a regression, when they passed before or are new', async () => {
    for (const id of ['process', 'api']) {
      const node = createFakeNode();
      const candidate = await trialOf(node, health('api'));
      node.answers.failing.add(id);
      await candidate.testify(serving);
      await quiet();
      expect(node.disk.testimony).toMatchObject({ checks: 'regressed' });
    }
  });

  it('that failed before the upgrade are nobody’s fault', async () => {
    const node = createFakeNode('1.0.0', health('api'));
    const candidate = await trialOf(node, health('api'), ['api', 'process']);
    expect(node.disk.state?.attempt?.baseline).toMatchObject([
      { id: 'process', ok: false },
      { id: 'api', ok: false },
    ]);
    await candidate.testify(serving);
    await quiet();
    expect(node.disk.testimony).toMatchObject({ checks: 'ok' });
  });

  it('of the version before must still pass where the candidate drops them', async () => {
    const node = createFakeNode('1.0.0', health('api'));
    const candidate = await trialOf(node, {});
    node.answers.failing.add('api');
    await candidate.testify(serving);
    await quiet();
    expect(node.disk.testimony).toMatchObject({ checks: 'regressed' });
  });

  it('are asked again, and the testimony follows, both ways', async () => {
    const node = createFakeNode();
    const candidate = await trialOf(node, health('api'));
    await candidate.testify(serving);
    await quiet();
    for (const checks of ['regressed', 'ok'] as const) {
      if (checks === 'ok') node.answers.failing.clear();
      else node.answers.failing.add('api');
      node.tick();
      await quiet();
      expect(node.disk.testimony).toMatchObject({ checks });
    }
  });

  it('end with the trial', async () => {
    const node = createFakeNode();
    const candidate = await trialOf(node, health('api'));
    await candidate.testify(serving);
    await quiet();
    node.guardCommits();
    node.tick();
    await quiet();
    expect(candidate.trial()).toBeNull();
    const { testimony } = node.disk;
    node.answers.failing.add('api');
    node.tick();
    await candidate.testify(serving);
    await quiet();
    expect(node.disk.testimony).toEqual(testimony);
  });
});
