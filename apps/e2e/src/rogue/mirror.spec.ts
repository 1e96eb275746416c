import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { LIMITS } from '@tidegate/contract-manifest';
import { NodeUnderAttack, type Met } from './node-under-attack.ts';
import { Publisher, type Released } from './publisher.ts';
import { endless, redirectTo, trickle, type Offer, type Served } from './rogue-source.ts';

const MIB = 1024 * 1024;
/** The node gives a statement a minute, and a download a minute below its least speed. */
const SLOW_MS = 100_000;

/** A mirror, or the network before it, that serves other bytes than were signed, too many of them, or too few. */
describe('a malicious mirror', () => {
  let folder: string;
  let publisher: Publisher;
  let node: NodeUnderAttack;
  let release: Released;
  const slow: { node: NodeUnderAttack; met: Promise<Met>; before: object }[] = [];
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tidegate-rogue-mirror-'));
    publisher = await Publisher.open(join(folder, 'publisher'));
    const slot = join(folder, 'slot');
    await publisher.install(await publisher.buildEdge('1.0.0'), slot, { sequence: 50 });
    release = await publisher.release(await publisher.pack(publisher.dud(), '1.1.0'));
    // Slowness takes a minute to be sure of: these two begin first and are looked at last.
    for (const offer of [
      { ...release, manifest: trickle },
      { ...release, artefact: trickle },
    ]) {
      const victim = await NodeUnderAttack.start(slot);
      await victim.serves();
      victim.source.offer('1.1.0', offer);
      slow.push({ node: victim, before: victim.standing(), met: victim.meet(victim.command()) });
    }
    node = await NodeUnderAttack.start(slot);
    await node.serves();
  }, 120_000);
  afterAll(async () => {
    for (const victim of [node, ...slow.map((one) => one.node)]) await victim?.remove();
    await publisher?.close();
    rmSync(folder, { recursive: true, force: true });
  }, 30_000);

  async function attack(offer: Offer): Promise<Met> {
    await node.settles();
    const [before, pid] = [node.standing(), node.edge.pid];
    node.source.offer('1.1.0', offer);
    const met = await node.meet(node.command());
    await node.settles();
    expect(node.standing()).toEqual(before);
    expect(node.edge.pid).toBe(pid);
    return met;
  }

  it('gets no byte past the first chunk that differs: tampered at the start, in the middle, at the end', async () => {
    for (const part of [0.001, 0.5, 0.999]) {
      const artefact = Buffer.from(release.artefact);
      const at = Math.floor(artefact.length * part);
      artefact.writeUInt8(artefact.readUInt8(at) ^ 1, at);
      expect((await attack({ ...release, artefact })).code).toBe('upgrade_checksum_mismatch');
    }
  });

  it('cannot swap the artefacts of two signed releases (mix-and-match)', async () => {
    const other = await publisher.release(await publisher.pack(publisher.dud(), '1.2.0', { sequence: 101 }));
    expect(other.artefact.length).toBeGreaterThan(release.artefact.length - 1000);
    expect((await attack({ ...release, artefact: other.artefact })).code).toBe('upgrade_checksum_mismatch');
  });

  it('cannot fill the disk with an endless artefact (endless data)', async () => {
    const almost = release.artefact.subarray(0, release.artefact.length - 10);
    for (const flood of [endless(), endless(almost)]) {
      expect((await attack({ ...release, artefact: flood.served })).code).toBe('upgrade_checksum_mismatch');
      expect(flood.sent()).toBeLessThan(release.artefact.length + 16 * MIB);
    }
  });

  it.each<[string, number, (served: Served) => Offer]>([
    ['manifest', LIMITS.manifestBytes, (served) => ({ ...release, manifest: served })],
    ['bundle', LIMITS.bundleBytes, (served) => ({ ...release, bundle: served })],
  ])('cannot fill the memory with an endless %s: it is cut off at its cap (endless data)', async (_, cap, offer) => {
    const flood = endless();
    expect(await attack(offer(flood.served))).toMatchObject({ code: 'upgrade_manifest_invalid', details: { rule: 'too large' } });
    // What lies in the buffers of two sockets is not read, but counts as sent.
    expect(flood.sent()).toBeLessThan(cap + 16 * MIB);
  });

  it('cannot fill the memory with an endless description of a release (endless data)', async () => {
    const flood = endless();
    expect((await attack({ ...release, description: flood.served })).code).toBe('upgrade_network_error');
    expect(flood.sent()).toBeLessThan(24 * MIB);
  });

  it.each([
    ['the cloud’s own metadata', 'http://169.254.169.254/latest/meta-data/'],
    ['the same, over https', 'https://169.254.169.254/latest/meta-data/'],
    ['the same, as IPv6', 'https://[fd00:ec2::254]/latest/meta-data/'],
    ['a private network', 'https://10.0.0.8/admin'],
    ['plain http elsewhere', 'http://releases.example/manifest.json'],
    ['a file', 'file:///etc/passwd'],
    ['an address with a password', 'https://user:secret@releases.example/'],
    ['itself, without end', '/repos/tidegate/tidegate-edge/releases/assets/1'],
  ])('cannot send the node to %s', async (_, location) => {
    expect((await attack({ ...release, manifest: redirectTo(location) })).code).toBe('upgrade_url_invalid');
  });

  it('cannot pass one release off as another by its description', async () => {
    const description = Buffer.from(JSON.stringify({ tag_name: 'v9.9.9', assets: [{ id: 1, name: 'manifest.json' }] }));
    expect((await attack({ ...release, description })).code).toBe('upgrade_release_not_found');
  });

  it('can deny a release, and that is all (drop-request)', async () => {
    const none: Served = (_request, response) => void response.writeHead(404).end();
    expect((await attack({ ...release, description: none })).code).toBe('upgrade_release_not_found');
    expect((await attack({ ...release, bundle: none })).code).toBe('upgrade_release_not_found');
    const refusing: Served = (_request, response) => void response.writeHead(403, { 'retry-after': '60' }).end();
    expect((await attack({ ...release, manifest: refusing })).code).toBe('upgrade_network_error');
  });

  it(
    'cannot keep an attempt open by sending slowly: a deadline ends the manifest, a least speed the artefact (slow retrieval)',
    async () => {
      for (const victim of slow) {
        expect(await victim.met).toMatchObject({ code: 'upgrade_timeout', by: 'upgrade_failed' });
        await victim.node.settles();
        expect(victim.node.standing()).toEqual(victim.before);
      }
    },
    SLOW_MS,
  );
});
