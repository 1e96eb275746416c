import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { anchorOf, EDGE_SIGNER, makeRelease, startAuthority, type TestSigner } from '@tidegate/test-kit';
import { buildEdge, makeRoot, type InstallRoot } from './testing/built-edge.ts';

/** The product moves to another repository: another workflow, other numeric ids, another signer. */
const MOVED = 'https://github.com/tidegate-project/edge';
const NEW_SIGNER: TestSigner = {
  ...EDGE_SIGNER,
  workflow: `${MOVED}/.github/workflows/publish.yml`,
  sourceRepository: MOVED,
  sourceRepositoryId: '100078',
  sourceRepositoryOwnerId: '200008',
};
/** What is compiled into the edge of each release, and who signed that release. */
const RELEASES = {
  '1.0.0': { signer: EDGE_SIGNER, carries: [EDGE_SIGNER] },
  '1.1.0': { signer: EDGE_SIGNER, carries: [EDGE_SIGNER, NEW_SIGNER] },
  '1.2.0': { signer: NEW_SIGNER, carries: [EDGE_SIGNER, NEW_SIGNER] },
  '1.3.0': { signer: NEW_SIGNER, carries: [NEW_SIGNER] },
  '1.4.0': { signer: NEW_SIGNER, carries: [NEW_SIGNER] },
} as const satisfies Record<string, { signer: TestSigner; carries: readonly TestSigner[] }>;
type Version = keyof typeof RELEASES;
const VERSIONS = Object.keys(RELEASES) as Version[];

/** Built, packed and signed edges, each asked about the folders that the others' releases would be downloaded into. */
describe('a signer is replaced: old, then a release that carries both, then new only', () => {
  let folder: string;
  const nodes = new Map<Version, InstallRoot>();
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tidegate-rotation-'));
    const authority = await startAuthority({ dataDir: join(folder, 'authority') });
    try {
      for (const [index, version] of VERSIONS.entries()) {
        const { carries, signer } = RELEASES[version];
        const tree = join(folder, 'trees', version);
        // The last one is only offered: what it would do does not matter.
        if (version === '1.4.0') cpSync(join(folder, 'trees/1.3.0'), tree, { recursive: true });
        else {
          const anchorFile = join(folder, `anchor-${version}.json`);
          writeFileSync(anchorFile, JSON.stringify(anchorOf(authority, carries)));
          await buildEdge(tree, '--version', version, '--anchor', anchorFile);
          nodes.set(version, makeRoot(tree, {}));
        }
        await makeRelease(authority, { tree, outDir: releaseOf(version), version, sequence: index + 1, signer });
      }
    } finally {
      await authority.close();
    }
  }, 120_000);
  afterAll(async () => {
    for (const node of nodes.values()) await node.remove();
    rmSync(folder, { recursive: true });
  });
  const releaseOf = (version: Version): string => join(folder, 'releases', version);
  /** What the edge of release `runs` says of release `offered`, with nothing but what was compiled into it. */
  const answer = async (runs: Version, offered: Version): Promise<string> => {
    const { stdout } = (await nodes.get(runs)?.run('verify', releaseOf(offered), '-o', 'json')) ?? { stdout: '{}' };
    const said = JSON.parse(stdout) as { code?: string; version?: string; artefacts?: { verified: boolean }[] };
    return said.code ?? `${said.version} ${said.artefacts?.every((one) => one.verified) ? 'verified' : 'absent'}`;
  };

  it.each<[Version, Version]>([
    ['1.0.0', '1.1.0'],
    ['1.1.0', '1.2.0'],
    ['1.2.0', '1.3.0'],
    ['1.3.0', '1.4.0'],
  ])('leads from %s to %s: each step is verified by what the one before carries', async (runs, offered) => {
    expect(await answer(runs, offered)).toBe(`${offered} verified`);
  });

  it.each<[Version, Version]>([
    ['1.0.0', '1.2.0'],
    ['1.0.0', '1.4.0'],
  ])('does not let %s skip the overlap to %s: nothing it carries names the new signer', async (runs, offered) => {
    expect(await answer(runs, offered)).toBe('upgrade_identity_not_allowed');
  });

  it.each<[Version, Version]>([
    ['1.3.0', '1.0.0'],
    ['1.3.0', '1.1.0'],
  ])('ends the old signer: %s takes nothing that it signed, such as %s', async (runs, offered) => {
    expect(await answer(runs, offered)).toBe('upgrade_identity_not_allowed');
  });

  it('lets nodes in the overlap still go back to a release of the old signer', async () => {
    expect(await answer('1.2.0', '1.1.0')).toBe('1.1.0 verified');
  });

  it('takes nothing of the right signer that was changed since', async () => {
    const spoilt = join(folder, 'spoilt');
    cpSync(releaseOf('1.1.0'), spoilt, { recursive: true });
    cpSync(join(releaseOf('1.2.0'), 'manifest.json'), join(spoilt, 'manifest.json'));
    const { code, stderr } = (await nodes.get('1.0.0')?.run('verify', spoilt)) ?? { code: 0, stderr: '' };
    expect({ refused: code !== 0, stderr }).toEqual({ refused: true, stderr: expect.stringContaining('upgrade_signature_invalid') });
  });

  it('shows in the fingerprint, so that a manager can tell who needs the stepping stone', async () => {
    const prints: unknown[] = [];
    for (const node of nodes.values()) {
      const { stdout } = await node.run('version', '-o', 'json');
      prints.push((JSON.parse(stdout) as { trust_fingerprint: string }).trust_fingerprint);
    }
    expect(prints[1]).toBe(prints[2]);
    expect(new Set(prints).size).toBe(3);
  });
});
