import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packRelease, signStatement } from '@tidegate/adapter-release-pack';
import { startAuthority, type RunningAuthority } from '@tidegate/test-kit';
import { CHECKOUT, PROGRAMS } from '../system/checkout.ts';
import { inLanes, runToEnd } from '../system/run-to-end.ts';
import { sourceDigest } from '../system/source-digest.ts';
import { DEMO_RELEASES, INSTALLED_VERSION, type DemoRelease } from './catalogue.ts';
import { DEMO_PUBLISHER, DEVICE_TYPE, demoAnchor, identityOf, STRANGER } from './demo-trust.ts';

const SOURCES = [
  'apps/edge',
  'libs/contract',
  'libs/domain',
  'libs/engine',
  'libs/adapter',
  'libs/test/kit/src/authority',
  'apps/launcher/src/demo-releases',
  'package-lock.json',
];
const BUILDS_AT_ONCE = 2;
/** Days apart, so that the list of releases shows an order; fixed, so that the same sources give the same bytes. */
const FIRST_RELEASED_AT = Date.UTC(2026, 9, 1, 9);
const DAY_MS = 86_400_000;

export interface BuiltReleases {
  /** One folder per release, as it is published: manifest.json, manifest.sig.bundle, artefact. */
  readonly folders: ReadonlyMap<string, string>;
  /** The tree of the version the nodes start with, and the two files that stand beside it in a slot. */
  readonly installed: { readonly version: string; readonly tree: string; readonly statement: string };
  /** What was compiled into them; a manager that has it says beforehand which release the nodes will not believe. */
  readonly anchorFile: string;
}

export interface BuildPlaces {
  /** Cache of built releases, by digest of their sources. */
  readonly cache: string;
  readonly authority: string;
}

/**
 * Builds, packs and signs the demo releases, or finds them where an earlier start left them. The authority runs only
 * while it signs: nodes verify offline against the root that was compiled into them.
 */
export async function buildReleases(places: BuildPlaces, say: (line: string) => void, signal?: AbortSignal): Promise<BuiltReleases> {
  const authority = await startAuthority({ dataDir: places.authority });
  try {
    const anchor = JSON.stringify(demoAnchor(authority));
    const digest = createHash('sha256').update(sourceDigest(CHECKOUT, SOURCES)).update(anchor).digest('hex');
    const home = join(places.cache, digest.slice(0, 16));
    if (!existsSync(home)) {
      const begunAt = performance.now();
      say(`building and signing ${DEMO_RELEASES.length} demo releases`);
      await buildInto(home, { anchor, revision: digest.slice(0, 40), authority, ...(signal && { signal }) });
      say(`built the demo releases in ${((performance.now() - begunAt) / 1000).toFixed(1)} s`);
    }
    // Built from other sources; nothing refers to it any more, since published releases and slots are copies.
    for (const name of readdirSync(places.cache))
      if (join(places.cache, name) !== home) rmSync(join(places.cache, name), { recursive: true, force: true });
    return {
      folders: new Map(DEMO_RELEASES.map(({ version }) => [version, join(home, 'releases', version)])),
      installed: {
        version: INSTALLED_VERSION,
        tree: join(home, 'trees', INSTALLED_VERSION),
        statement: join(home, 'releases', INSTALLED_VERSION),
      },
      anchorFile: join(home, ANCHOR_FILE),
    };
  } finally {
    await authority.close();
  }
}

const ANCHOR_FILE = 'anchor.json';

interface BuildContext {
  readonly anchor: string;
  readonly revision: string;
  readonly authority: RunningAuthority;
  readonly signal?: AbortSignal;
}

async function buildInto(home: string, context: BuildContext): Promise<void> {
  // Renamed into place at the end: a start that was cut off leaves no half set behind.
  const unfinished = `${home}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { recursive: true });
  const anchorFile = join(unfinished, ANCHOR_FILE);
  writeFileSync(anchorFile, context.anchor);
  await inLanes(
    DEMO_RELEASES.map((release) => () => buildOne(release, unfinished, anchorFile, context)),
    BUILDS_AT_ONCE,
  );
  renameSync(unfinished, home);
}

async function buildOne(release: DemoRelease, home: string, anchorFile: string, context: BuildContext): Promise<void> {
  const { version } = release;
  const tree = join(home, 'trees', version);
  const outDir = join(home, 'releases', version);
  const prologue = release.prologue === undefined ? [] : ['--prologue', join(import.meta.dirname, 'prologues', release.prologue)];
  const args = [PROGRAMS.buildEdge, '--version', version, '--out', tree, '--anchor', anchorFile, ...prologue];
  await runToEnd(CHECKOUT, args, `the edge ${version}`, context.signal);
  const packed = await packRelease({
    folder: tree,
    deviceType: DEVICE_TYPE,
    version,
    channel: 'stable',
    sequence: release.sequence,
    source: { repository: DEMO_PUBLISHER.repository, revision: context.revision },
    arch: 'any',
    variant: 'thin',
    entrypoint: `bin/${DEVICE_TYPE}`,
    outDir,
    releasedAt: new Date(FIRST_RELEASED_AT + release.sequence * DAY_MS).toISOString(),
  });
  const signer = release.isSignedByStranger ? STRANGER : DEMO_PUBLISHER;
  const { fulcioUrl, rekorUrl } = context.authority;
  const identityToken = context.authority.identityToken(identityOf(signer, version, context.revision));
  writeFileSync(join(outDir, 'manifest.sig.bundle'), await signStatement(packed.manifestBytes, { fulcioUrl, rekorUrl, identityToken }));
  writeFileSync(join(outDir, 'release.json'), JSON.stringify({ name: `v${version}`, body: release.notes }, null, 2));
  if (release.isTampered) tamper(packed.artefactPath);
  if (version !== INSTALLED_VERSION) rmSync(tree, { recursive: true });
}

/** Changes one bit in the middle, as a mirror that was broken into would; size and name stay what was signed. */
function tamper(artefactPath: string): void {
  const bytes = readFileSync(artefactPath);
  const middle = Math.floor(bytes.length / 2);
  bytes[middle] = (bytes[middle] ?? 0) ^ 1;
  writeFileSync(artefactPath, bytes);
}
