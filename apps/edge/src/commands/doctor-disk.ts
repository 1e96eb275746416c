import { constants } from 'node:fs';
import { access, lstat, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { parseManifest } from '@tidegate/contract-manifest';
import { broken, found, notice, type Check, type Finding } from './doctor-finding.ts';

/** Where the installed release does not say how large one is. */
const USUAL_ARTEFACT_BYTES = 80 * 1024 * 1024;
const INODES = 2000;

export const checkRoot: Check = async ({ environment: { root } }) => {
  try {
    if (!(await lstat(root)).isDirectory()) return [broken('root_unusable', { root, reason: 'no folder' })];
    await access(root, constants.R_OK | constants.W_OK | constants.X_OK);
    return [];
  } catch (error) {
    return [broken('root_unusable', { root, reason: (error as NodeJS.ErrnoException).code ?? 'unknown' })];
  }
};

export const checkGuard: Check = ({ slots, environment: { guardDir } }) =>
  found(async () => ((await slots.guardVersion()) === null ? [broken('guard_missing', { guard_dir: guardDir })] : []));

export const checkLinks: Check = ({ slots, environment: { root } }) =>
  found(async () => {
    const { current, committed } = await slots.links();
    const names = await Promise.all(
      (['current', 'committed'] as const).map(async (link) => {
        if ((link === 'current' ? current : committed) !== null) return [];
        return [broken('links_broken', { link, target: await readlink(join(root, link)).catch(() => null) })];
      }),
    );
    const findings = names.flat();
    return findings.length === 0 && current !== committed ? [notice('trial_open', { current, committed })] : findings;
  });

/** Path, and the bits nobody may have there; a path that is missing is another check's matter. */
const MODES: readonly (readonly [path: string, forbidden: number])[] = [
  ['identity', 0o077],
  ['identity/key.pem', 0o077],
  ['identity/local-api-token', 0o077],
  ['versions', 0o002],
  ['state.json', 0o022],
  ['config.json', 0o002],
  ['config.d', 0o002],
];

export const checkModes: Check = ({ environment: { root, guardDir } }) =>
  found(async () => {
    const findings: Finding[] = [];
    const look = async (path: string, forbidden: number): Promise<void> => {
      const status = await lstat(path).catch(() => null);
      if (status && !status.isSymbolicLink() && (status.mode & forbidden) !== 0)
        findings.push(broken('root_mode_unsafe', { path, mode: `0${(status.mode & 0o7777).toString(8)}` }));
    };
    for (const [path, forbidden] of MODES) await look(join(root, path), forbidden);
    await look(guardDir, 0o022);
    const { mode } = await lstat(root);
    // Sticky, the group may add entries of its own; others may not.
    if ((mode & 0o002) !== 0 || ((mode & 0o020) !== 0 && (mode & 0o1000) === 0))
      findings.push(broken('root_mode_unsafe', { path: root, mode: `0${(mode & 0o7777).toString(8)}` }));
    return findings;
  });

/** Room for one more release of the size of the committed one: three times the artefact. */
export const checkDisk: Check = ({ slots }) =>
  found(async () => {
    const { committed } = await slots.links();
    const statement = committed ? await slots.readStatement(committed) : null;
    const manifest = statement ? parseManifest(statement.manifestBytes) : null;
    const sizes = manifest?.ok ? manifest.value.artefacts.map(({ size }) => size) : [USUAL_ARTEFACT_BYTES];
    const neededBytes = 3 * Math.max(...sizes);
    const { freeBytes, freeInodes } = await slots.space();
    if (freeBytes < neededBytes) return [broken('upgrade_disk_full', { needed_bytes: neededBytes, free_bytes: freeBytes })];
    return freeInodes < INODES ? [broken('upgrade_disk_full', { needed_inodes: INODES, free_inodes: freeInodes })] : [];
  });
