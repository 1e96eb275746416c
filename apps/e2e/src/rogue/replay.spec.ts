import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { CommandAck } from '@tidegate/contract-protocol';
import { NodeUnderAttack, type Met } from './node-under-attack.ts';
import { Publisher, type Packed, type Released } from './publisher.ts';

/** Enough for three starts of a candidate that ends at once, or for a health window. */
const VERDICT_MS = 60_000;
const HIGHEST = Number.MAX_SAFE_INTEGER;

/**
 * One node through reverts and a commit, with its manager and source in one hand that also has old, revoked and republished
 * statements of the true publisher. The tests build on each other: the order is the attack.
 */
describe('an attacker who has kept everything that was ever signed', () => {
  let folder: string;
  let publisher: Publisher;
  let node: NodeUnderAttack;
  let dud: Packed;
  let revoked: Released;
  let bad: { readonly id: string };
  let badAck: CommandAck;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tidegate-rogue-replay-'));
    publisher = await Publisher.open(join(folder, 'publisher'));
    const slot = join(folder, 'slot');
    await publisher.install(await publisher.buildEdge('1.0.0'), slot, { sequence: 10 });
    dud = await publisher.pack(publisher.dud(), '1.2.0');
    revoked = await publisher.release(claiming({ version: '1.1.2', sequence: 60 }));
    const good = { sequence: 50, security_floor: { version: '1.0.5', sequence: 40 }, revoked: [revoked.digest] };
    node = await NodeUnderAttack.start(slot);
    node.source.offer('1.1.0', await publisher.release(await publisher.pack(await publisher.buildEdge('1.1.0'), '1.1.0', good)));
    await node.serves();
  }, 180_000);
  afterAll(async () => {
    await node?.remove();
    await publisher?.close();
    rmSync(folder, { recursive: true, force: true });
  }, 30_000);

  const claiming = (claims: object): Packed => ({ ...dud, manifest: { ...dud.manifest, ...claims } });
  const learned = () => (node.standing() as { learned: Record<string, unknown> }).learned;
  const links = () => (node.standing() as { links: unknown }).links;
  const met = async (action: object): Promise<Met> => {
    await node.settles();
    const answer = await node.meet(node.command(action));
    await node.settles();
    return answer;
  };

  it(
    'cannot raise sequence and floor with a release that does not prove itself (fast-forward)',
    async () => {
      const before = learned();
      const release = await publisher.release(claiming({ sequence: HIGHEST, security_floor: { version: '1.9.0', sequence: HIGHEST } }));
      node.source.offer('1.2.0', release);
      bad = node.command({ version: '1.2.0' });
      expect(await node.meet(bad)).toMatchObject({
        code: 'upgrade_rolled_back',
        by: 'upgrade_rolled_back',
        details: { reason: 'boot_attempts' },
      });
      badAck = node.manager.heard.find((message) => message.type === 'command_ack' && message.id === bad.id) as CommandAck;
      expect(badAck).toMatchObject({ accepted: true });
      await node.settles();
      expect(links()).toEqual(['versions/1.0.0', 'versions/1.0.0', null]);
      expect(learned()).toEqual({ ...before, skipList: [expect.objectContaining({ digest: release.digest, retries: 0 })] });
    },
    VERDICT_MS,
  );

  it('cannot have the reverted command done again, also over a kill of the agent (replayed command)', async () => {
    for (const again of ['after the revert', 'after a kill']) {
      if (again === 'after a kill') await node.edge.restart();
      await node.settles();
      const [before, requests] = [node.standing(), node.source.requests.length];
      node.manager.forget();
      node.manager.send(bad as never);
      expect(await node.manager.waitFor('command_ack')).toEqual(badAck);
      await node.settles();
      expect(node.standing()).toEqual(before);
      expect(node.source.requests).toHaveLength(requests);
    }
  });

  it(
    'can have a reverted release tried again twice, by asking for just that, and then no more',
    async () => {
      expect(await met({ version: '1.2.0' })).toMatchObject({ code: 'upgrade_skipped_version', by: 'upgrade_refused' });
      for (let retry = 1; retry <= 2; retry++) {
        expect((await met({ version: '1.2.0', retry_skipped: true })).code).toBe('upgrade_rolled_back');
      }
      const before = node.standing();
      expect((await met({ version: '1.2.0', retry_skipped: true })).code).toBe('upgrade_skipped_version');
      expect(node.standing()).toEqual(before);
    },
    2 * VERDICT_MS,
  );

  it(
    'does not keep the node from the next good release, which alone teaches it',
    async () => {
      expect((await met({ version: '1.1.0' })).by).toBe('upgrade_completed');
      expect(links()).toEqual(['versions/1.1.0', 'versions/1.1.0', 'versions/1.0.0']);
      expect(learned()).toMatchObject({
        highestSequence: 50,
        highestCommitted: '1.1.0',
        floor: { version: '1.0.5', sequence: 40 },
        revoked: [revoked.digest],
      });
    },
    VERDICT_MS,
  );

  it.each<[string, string, string, object]>([
    ['below the floor, although it is the previous one (rollback)', '1.0.0', 'upgrade_version_too_old', {}],
    ['with a statement from before the floor (rollback)', '1.1.1', 'upgrade_sequence_too_old', { sequence: 39 }],
    ['that a committed manifest revokes', '1.1.2', 'upgrade_revoked', { sequence: 60 }],
    ['that floats above the floor but is two minors down', '0.9.9', 'upgrade_version_too_old', { sequence: 70 }],
  ])('cannot install a version %s', async (_, version, code, claims) => {
    node.source.offer(version, version === '1.1.2' ? revoked : await publisher.release(claiming({ version, ...claims })));
    await node.settles();
    const before = node.standing();
    expect((await met({ version })).code).toBe(code);
    expect(node.standing()).toEqual(before);
  });

  it.each([
    ['a newer', 51, 'upgrade_provenance_mismatch'],
    ['an older', 45, 'upgrade_sequence_too_old'],
  ])('cannot put another build under the version that runs, with %s statement (republished)', async (_, sequence, code) => {
    const again = await publisher.release(claiming({ version: '1.1.0', sequence }));
    node.source.offer('1.1.0', again);
    await node.settles();
    const before = node.standing();
    expect((await met({ version: '1.1.0', expected_manifest_sha256: again.digest })).code).toBe(code);
    expect(node.standing()).toEqual(before);
  });

  it('finds the node remembering all of it after a kill', async () => {
    await node.settles();
    const before = node.standing();
    await node.edge.restart();
    await node.settles();
    expect(node.standing()).toEqual(before);
    node.manager.forget();
    node.manager.send(bad as never);
    expect(await node.manager.waitFor('command_ack')).toEqual(badAck);
  });
});
