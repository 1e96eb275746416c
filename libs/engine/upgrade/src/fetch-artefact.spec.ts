import { describe, expect, it } from '@jest/globals';
import { refuse } from '@tidegate/contract-errors';
import type { Manifest } from '@tidegate/contract-manifest';
import { createUpgradeEngine } from './index.ts';
import { activated, anUpgrade, boot, ended, names, quiet, settled } from './testing/engine-bench.ts';
import { aManifest, createFakeNode, digestOf, version } from './testing/fake-node.ts';

const CHUNK = 64 * 1024;
const large = (): Manifest => {
  const [artefact] = aManifest('1.1.0').artefacts;
  const size = 3 * CHUNK + 100;
  return aManifest('1.1.0', {
    artefacts: [{ ...artefact!, size, chunk_size: CHUNK, chunk_sha256: [1, 2, 3, 4].map((n) => digestOf(`chunk ${n}`)) }],
  });
};

describe('a download that was cut off by a restart', () => {
  it('goes on after the chunks it had, at every chunk, and leaves nothing of them behind', async () => {
    const whole = createFakeNode();
    whole.publish(large());
    await activated(whole);
    const kept = whole.log.flatMap((what, at) => (what === 'keep chunk' ? [at] : []));
    expect(kept).toHaveLength(3);
    for (const [chunks, at] of kept.entries()) {
      const node = createFakeNode();
      node.publish(large());
      node.cutPowerAfter(at + 1);
      const engine = createUpgradeEngine(node.parts());
      await engine.recover();
      await engine.accept(anUpgrade('1.1.0')).catch(() => undefined);
      await quiet();
      node.powerOn();
      await boot(node);
      await settled(() => node.restarts() > 0);
      expect(node.offsets).toEqual([0, (chunks + 1) * CHUNK]);
      expect(node.log.filter((what) => what === 'keep chunk')).toHaveLength(3);
      expect(node.disk.parts.size).toBe(0);
      expect(node.disk.links.current).toBe('1.1.0');
    }
  });

  it('keeps nothing of an attempt that has ended', async () => {
    const node = createFakeNode();
    node.publish(large());
    node.answers.unpack = refuse('upgrade_checksum_mismatch', { chunk: 3 });
    const engine = await boot(node);
    await engine.accept(anUpgrade('1.1.0'));
    await settled(ended(engine));
    expect(node.log).toContain('keep chunk');
    expect(node.disk.parts.size).toBe(0);
  });
});

describe('a version whose slot lies on the disk', () => {
  it('is returned to without asking the source, verified again', async () => {
    const node = createFakeNode();
    await activated(node);
    node.guardCommits();
    const engine = await boot(node);
    node.answers.source = refuse('upgrade_network_error');
    await engine.accept(anUpgrade('1.0.0'));
    await settled(() => node.restarts() > 1);
    expect(node.disk.state?.attempt).toMatchObject({ kind: 'return', signer: 'release workflow' });
    expect(names(node).slice(-2)).toEqual(['upgrade_started', 'upgrade_staged']);
  });

  it('is not returned to when its statement does not verify, or its tree differs', async () => {
    for (const [damage, code] of [
      ['statement', 'upgrade_signature_invalid'],
      ['tree', 'upgrade_storage_error'],
    ] as const) {
      const node = createFakeNode();
      await activated(node);
      node.guardCommits();
      const engine = await boot(node);
      if (damage === 'statement') node.answers.verify = refuse('upgrade_signature_invalid');
      else node.disk.slots.get('1.0.0')!.sound = false;
      await engine.rollback();
      await settled(ended(engine));
      expect(engine.report()).toMatchObject({ state: 'failed', error_code: code });
      expect(node.disk.slots.has('1.0.0')).toBe(true);
      expect(node.disk.links.current).toBe('1.1.0');
    }
  });

  it('is used when its source cannot be reached, but not when the source says it has no such release', async () => {
    for (const [answer, used] of [
      [refuse('upgrade_network_error'), true],
      [refuse('upgrade_timeout'), true],
      [refuse('upgrade_release_not_found'), false],
    ] as const) {
      const node = createFakeNode();
      await activated(node);
      node.guardReverts('manager_unreachable');
      const engine = await boot(node);
      node.answers.source = answer;
      await engine.accept(anUpgrade('1.1.0'));
      await settled(() => node.restarts() > 1 || engine.history()[0]?.state === 'failed');
      expect(node.disk.links.current === version('1.1.0')).toBe(used);
    }
  });
});
