import { describe, expect, it } from '@jest/globals';
import { accept, refuse } from '@tidegate/contract-errors';
import type { Channel, Manifest } from '@tidegate/contract-manifest';
import { activated, anUpgrade, boot, ended, settled } from './testing/engine-bench.ts';
import { aManifest, createFakeNode, digestOf, OPEN_POLICY, version, type FakeNode } from './testing/fake-node.ts';

const digestOfRelease = (manifest: Manifest) => digestOf(JSON.stringify(manifest));
const asked = aManifest('1.1.0', { sequence: 20 });
/** A node whose source serves the asked release, and a later one that says something of it. */
const nodeWith = (...later: Manifest[]): FakeNode => {
  const node = createFakeNode();
  node.publish(asked);
  for (const manifest of later) node.publish(manifest);
  return node;
};
const outcome = async (node: FakeNode, to = '1.1.0', policy = OPEN_POLICY) => {
  const engine = await boot(node, { policy });
  await engine.accept(anUpgrade(to));
  await settled(() => node.restarts() > 0 || ended(engine)());
  return node.restarts() > 0 ? 'installed' : engine.history()[0]?.errorCode;
};
const revoking = (text: string, more: Partial<Manifest> = {}) =>
  aManifest(text, { sequence: 30, revoked: [digestOfRelease(asked)], ...more });
const flooring = (text: string, more: Partial<Manifest> = {}) =>
  aManifest(text, { sequence: 30, security_floor: { version: version('1.1.1'), sequence: 25 }, ...more });

describe('before an install, the newest statements of the node’s own source', () => {
  it.each([
    ['a higher version revokes the one asked for', [revoking('1.1.1')], 'upgrade_revoked'],
    ['a backport that was published later revokes it', [revoking('1.0.9')], 'upgrade_revoked'],
    ['one of another channel revokes it', [revoking('1.2.0-rc.1', { channel: 'beta' as Channel })], 'upgrade_revoked'],
    ['a newer one raises the floor above it', [flooring('1.1.1')], 'upgrade_version_too_old'],
    [
      'a newer one raises the sequence of the floor above it',
      [flooring('1.1.1', { security_floor: { version: version('1.0.0'), sequence: 25 } })],
      'upgrade_sequence_too_old',
    ],
    ['a floor of another channel is not its own', [flooring('1.2.0-rc.1', { channel: 'beta' as Channel })], 'installed'],
    ['a floor of an older statement is no news', [flooring('1.1.1', { sequence: 19 })], 'installed'],
    ['nothing speaks against it', [aManifest('1.1.1', { sequence: 30 })], 'installed'],
    [
      'a revocation stands behind a row of nightlies',
      [revoking('1.1.1'), ...[1, 2, 3, 4, 5, 6].map((day) => aManifest(`1.2.0-night.${day}`, { channel: 'nightly' as Channel }))],
      'upgrade_revoked',
    ],
  ])('%s', async (_, later, expected) => {
    expect(await outcome(nodeWith(...later))).toBe(expected);
  });

  it('are asked for a few at most, and not at all for the newest release', async () => {
    const node = nodeWith(...[1, 2, 3, 4, 5, 6, 7, 8, 9].map((patch) => aManifest(`1.1.${patch}`, { sequence: 20 + patch })));
    expect(await outcome(node)).toBe('installed');
    expect(node.asked).toHaveLength(1 + 5);
    const newest = nodeWith();
    expect(await outcome(newest)).toBe('installed');
    expect(newest.asked).toEqual(['1.1.0']);
  });

  it('hold a good release up for no more than their time when the source is silent', async () => {
    const node = nodeWith(revoking('1.1.1'));
    const { source } = node.parts();
    let listing = false;
    const silent = {
      ...source,
      listVersions: (signal: AbortSignal) =>
        new Promise<ReturnType<typeof refuse>>((resolve) => {
          signal.addEventListener('abort', () => resolve(refuse('upgrade_timeout')), { once: true });
          listing = true;
        }),
    };
    const engine = await boot(node, { source: silent });
    await engine.accept(anUpgrade('1.1.0'));
    await settled(() => listing);
    node.tick();
    await settled(() => node.restarts() > 0);
  });

  it('change nothing when they cannot be listed or verified', async () => {
    const unlisted = nodeWith(revoking('1.1.1'));
    unlisted.answers.listing = async () => refuse('upgrade_network_error');
    expect(await outcome(unlisted)).toBe('installed');
    const forged = nodeWith(revoking('1.1.1'));
    const { verifier } = forged.parts();
    const engine = await boot(forged, {
      verifier: {
        verify: async (manifestBytes, bundleBytes) => {
          const verified = await verifier.verify(manifestBytes, bundleBytes);
          return verified.ok && verified.value.manifest.version === '1.1.0' ? verified : refuse('upgrade_signature_invalid');
        },
      },
    });
    await engine.accept(anUpgrade('1.1.0'));
    await settled(() => forged.restarts() > 0);
    expect(forged.disk.state?.revoked).toEqual([]);
  });
});

describe('a revocation that was seen', () => {
  it('holds when the source shows it no more; a floor that was seen does not, until its release is committed', async () => {
    const node = nodeWith(revoking('1.1.1', { security_floor: { version: version('1.1.1'), sequence: 25 } }));
    expect(await outcome(node)).toBe('upgrade_version_too_old');
    expect(node.disk.state).toMatchObject({ revoked: [digestOfRelease(asked)], floor: null, highestSequence: 10 });
    node.answers.listing = async () => accept([version('1.1.0')]);
    expect(await outcome(node)).toBe('upgrade_revoked');
  });

  it('holds although the release that said it was taken back', async () => {
    const node = nodeWith();
    await activated(node);
    node.guardCommits();
    node.publish(revoking('1.1.1', { revoked: [digestOf('somebody')] }));
    const engine = await boot(node);
    await settled(ended(engine));
    await engine.accept(anUpgrade('1.1.1'));
    await settled(() => node.restarts() > 1);
    node.guardReverts();
    await boot(node);
    expect(node.disk.state).toMatchObject({ attempt: null, revoked: [digestOf('somebody')] });
  });

  it('is looked for before a manager’s return, but a person’s return waits for no source', async () => {
    const back = aManifest('1.0.0');
    const node = nodeWith();
    await activated(node);
    node.guardCommits();
    node.publish(aManifest('1.2.0', { sequence: 40, revoked: [digestOfRelease(back)] }));
    const engine = await boot(node);
    await settled(ended(engine));
    node.answers.listing = async () => {
      throw new Error('a person’s return asked the source');
    };
    expect(await engine.rollback()).toMatchObject({ ok: true });
    await settled(() => node.restarts() > 1);

    const other = nodeWith();
    await activated(other);
    other.guardCommits();
    other.publish(aManifest('1.2.0', { sequence: 40, revoked: [digestOfRelease(back)] }));
    const commanded = await boot(other);
    await settled(ended(commanded));
    await commanded.accept(anUpgrade('1.0.0'));
    await settled(() => commanded.history()[0]?.toVersion === '1.0.0');
    expect(commanded.report()).toMatchObject({ state: 'refused', error_code: 'upgrade_revoked' });
  });
});
