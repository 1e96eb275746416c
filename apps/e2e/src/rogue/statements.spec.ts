import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { NodeUnderAttack, type Met } from './node-under-attack.ts';
import { digestOf, Publisher, REVISION, type Claims, type Packed, type Released } from './publisher.ts';
import type { Offer } from './rogue-source.ts';

/** What is signed and what is not: the source offers a statement under `v1.1.0`, and the manager asks for it. */
describe('a release source and a manager in one hand, with statements that are not what was asked for', () => {
  let folder: string;
  let publisher: Publisher;
  let stranger: Publisher;
  let node: NodeUnderAttack;
  let packed: Packed;
  let revoked: Released;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tidegate-rogue-releases-'));
    publisher = await Publisher.open(join(folder, 'publisher'));
    stranger = await Publisher.open(join(folder, 'stranger'));
    packed = await publisher.pack(publisher.dud(), '1.1.0');
    revoked = await publisher.release(packed);
    const slot = join(folder, 'slot');
    // What the node knows from its own release: a floor, a revocation, and the statement of 1.0.0 itself.
    const known = { sequence: 50, security_floor: { version: '0.9.0', sequence: 40 }, revoked: [revoked.digest] };
    await publisher.install(await publisher.buildEdge('1.0.0'), slot, known);
    node = await NodeUnderAttack.start(slot);
    await node.serves();
  }, 120_000);
  afterAll(async () => {
    await node?.remove();
    await Promise.all([publisher?.close(), stranger?.close()]);
    rmSync(folder, { recursive: true, force: true });
  }, 30_000);

  const claiming = (claims: Claims): Packed => ({ ...packed, manifest: { ...packed.manifest, ...claims } });
  async function attack(offer: Offer, action: object = {}): Promise<Met> {
    await node.settles();
    const before = node.standing();
    const pid = node.edge.pid;
    node.source.offer('1.1.0', offer);
    const met = await node.meet(node.command(action));
    await node.settles();
    expect(node.standing()).toEqual(before);
    expect(node.edge.pid).toBe(pid);
    return met;
  }

  const SOURCE = 'https://github.com/tidegate/tidegate-edge';
  const made: readonly [what: string, code: string, Claims][] = [
    ['a product of another device type', 'upgrade_device_type_mismatch', { device_type: 'lock-gate' }],
    ['a release of another channel', 'upgrade_channel_not_allowed', { channel: 'nightly' }],
    ['a statement older than the floor', 'upgrade_sequence_too_old', { sequence: 39 }],
    [
      'a release of another commit than the certificate names',
      'upgrade_provenance_mismatch',
      { source: { repository: SOURCE, revision: 'd'.repeat(40) } },
    ],
    [
      'a release of another repository than the certificate names',
      'upgrade_provenance_mismatch',
      { source: { repository: `${SOURCE}-2`, revision: REVISION } },
    ],
    ['a release for newer agents only', 'upgrade_engine_too_old', { engines: { agent: '9.0.0' } }],
    ['a statement of a later schema', 'upgrade_manifest_invalid', { schema: 2 }],
  ];
  it.each(made)('refuses %s, truly signed (%s)', async (_, code, claims) => {
    const release = await publisher.release(claiming(claims));
    expect((await attack(release)).code).toBe(code);
  });

  it('refuses an artefact for another architecture, truly signed', async () => {
    const arch = process.arch === 'arm64' ? 'x64' : 'arm64';
    const foreign = await publisher.release(claiming({ artefacts: [{ ...packed.manifest.artefacts[0], arch }] }));
    expect(await attack(foreign)).toMatchObject({ code: 'upgrade_arch_mismatch', by: 'upgrade_failed' });
  });

  it('refuses a truly signed release of another version under this one’s tag (wrong software)', async () => {
    const other = await publisher.release(claiming({ version: '1.2.0' }));
    expect(await attack(other)).toMatchObject({ code: 'upgrade_manifest_invalid', details: { signed: '1.2.0' } });
  });

  it('refuses a statement whose version is not the tag its certificate was issued for', async () => {
    const lifted = await publisher.release(packed, { version: '1.0.9' });
    expect((await attack(lifted)).code).toBe('upgrade_provenance_mismatch');
  });

  it('refuses a release that its own committed manifest revokes', async () => {
    expect(await attack(revoked)).toMatchObject({ code: 'upgrade_revoked', details: { digest: revoked.digest } });
  });

  it('refuses a republished version, with another digest than the one it runs (rollback by stealth)', async () => {
    for (const [sequence, code] of [
      [51, 'upgrade_provenance_mismatch'],
      [45, 'upgrade_sequence_too_old'],
    ] as const) {
      const again = await publisher.release(claiming({ version: '1.0.0', sequence }));
      node.source.offer('1.0.0', again);
      expect((await attack(again, { version: '1.0.0', expected_manifest_sha256: again.digest })).code).toBe(code);
    }
  });

  it('refuses a true release that is not the one the rollout pinned', async () => {
    const release = await publisher.release(claiming({ sequence: 101 }));
    const pinned = { expected_manifest_sha256: 'a'.repeat(64) };
    expect(await attack(release, pinned)).toMatchObject({ code: 'upgrade_provenance_mismatch', details: { actual: release.digest } });
  });

  it('refuses the bundle of another manifest (mix-and-match)', async () => {
    const [one, two] = [await publisher.release(claiming({ sequence: 102 })), await publisher.release(claiming({ sequence: 103 }))];
    expect((await attack({ ...one, bundle: two.bundle })).code).toBe('upgrade_signature_invalid');
  });

  it('refuses a manifest that was altered after signing, in any of its parts (arbitrary software)', async () => {
    const release = await publisher.release(claiming({ sequence: 104 }));
    const text = release.manifest.toString();
    for (const [from, to] of [
      ['"sequence":104', '"sequence":105'],
      ['"size":', '"size" :'],
      ['}', '} '],
    ] as const) {
      const at = text.lastIndexOf(from);
      const altered = Buffer.from(text.slice(0, at) + to + text.slice(at + from.length));
      expect(digestOf(altered)).not.toBe(release.digest);
      expect((await attack({ ...release, manifest: altered })).code).toBe('upgrade_signature_invalid');
    }
  });

  const GITHUB = 'https://github.com';
  const elsewhere = {
    workflow: `${GITHUB}/evil/tidegate-edge/.github/workflows/release.yml`,
    sourceRepository: `${GITHUB}/evil/tidegate-edge`,
  };
  it.each([
    ['a fork, with a certificate just as genuine', elsewhere],
    ['another workflow of the right repository', { workflow: `${GITHUB}/tidegate/tidegate-edge/.github/workflows/test.yml` }],
    ['a branch', { ref: 'refs/heads/main' }],
    ['a machine of their own', { runner: 'self-hosted' as const }],
    ['a pull request', { trigger: 'pull_request_target' }],
    ['a repository registered anew under the old name', { sourceRepositoryId: '666' }],
    ['another issuer of identities', { issuer: 'https://issuer.example' }],
  ])('refuses a release signed by the workflow of %s (key compromise elsewhere)', async (_, run) => {
    const met = await attack(await publisher.release(claiming({ sequence: 106 }), run));
    expect(met.code).toBe('upgrade_identity_not_allowed');
    expect(met.details['identity']).toEqual(expect.stringContaining('https://github.com/'));
  });

  it('refuses the right identity from an authority it does not know', async () => {
    const release = await publisher.release(claiming({ sequence: 107 }));
    const bundle = await publisher.sign(release.manifest, '1.1.0', {}, stranger.authority);
    expect(['upgrade_signature_invalid', 'upgrade_rekor_invalid']).toContain((await attack({ ...release, bundle })).code);
  });

  it.each([
    ['nothing', ''],
    ['an empty object', '{}'],
    ['10,000 open brackets', '['.repeat(10_000)],
    ['a bundle without its log entry', '{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"}'],
  ])('refuses %s in place of a bundle', async (_, text) => {
    const release = await publisher.release(claiming({ sequence: 108 }));
    expect((await attack({ ...release, bundle: Buffer.from(text) })).code).toMatch(/^upgrade_(signature|rekor)_invalid$/);
  });

  it('refuses commands against its policy before it asks the source for anything', async () => {
    const requests = node.source.requests.length;
    const release = await publisher.release(packed);
    for (const [action, code] of [
      [{ version: '2.0.0' }, 'upgrade_major_not_allowed'],
      [{ version: '999999999.0.0' }, 'upgrade_major_not_allowed'],
      [{ version: '0.8.0' }, 'upgrade_version_too_old'],
      [{ version: '1.0.0' }, 'upgrade_already_current'],
      [{ channel: 'nightly' }, 'upgrade_channel_not_allowed'],
    ] as const) {
      expect(await attack(release, action)).toMatchObject({ code, by: 'ack' });
    }
    expect(node.source.requests).toHaveLength(requests);
  });

  it('refuses a release that a newer statement at its source revokes, and remembers that when it is hidden (freeze)', async () => {
    const taken = await publisher.release(claiming({ sequence: 110 }));
    const learned = () => (node.standing() as { learned: { revoked: string[] } }).learned;
    const before = learned();
    const newer = await publisher.release(claiming({ version: '1.1.1', sequence: 111, revoked: [taken.digest] }));
    node.source.offer('1.1.1', newer);
    node.source.offer('1.1.0', taken);
    node.source.list(['1.1.1', '1.1.0']);
    expect(await node.meet(node.command())).toMatchObject({
      code: 'upgrade_revoked',
      by: 'upgrade_refused',
      details: { digest: taken.digest },
    });
    await node.settles();
    // Only the revocation: neither floor nor sequence moves for a release that nobody installed.
    expect(learned()).toEqual({ ...before, revoked: [...before.revoked, taken.digest] });
    node.source.list(['1.1.0']);
    await node.edge.restart();
    expect((await attack(taken)).code).toBe('upgrade_revoked');
  });

  it('refuses a release that a newer statement at its source puts below the floor (rollback)', async () => {
    const old = await publisher.release(claiming({ sequence: 112 }));
    const floor = { version: '1.1.1', sequence: 113 };
    node.source.offer('1.1.1', await publisher.release(claiming({ version: '1.1.1', sequence: 113, security_floor: floor })));
    node.source.list(['1.1.1', '1.1.0']);
    expect(await attack(old)).toMatchObject({ code: 'upgrade_version_too_old', details: { rule: 'floor', limit: '1.1.1' } });
  });
});
