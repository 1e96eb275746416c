import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { BuiltReleases } from '../demo-releases/build-releases.ts';
import { DEMO_SOURCE } from '../demo-releases/demo-trust.ts';

/** How long a candidate has, and how often a node beats: short on a desk, so that a verdict can be waited for. */
export interface FleetPace {
  readonly bootHealthWindowSecs: number;
  readonly beatIntervalSecs: number;
  readonly watchdogMs: number;
  readonly restartDelayMs: number;
}

export interface EdgeNode {
  readonly name: string;
  readonly root: string;
  readonly guardDir: string;
  readonly runDir: string;
}

export interface NodeAddresses {
  readonly managerPort: number;
  readonly releasesPort: number;
}

const HARBOURS = ['breakwater', 'lantern', 'lock-gate', 'north-quay', 'pilot-house', 'slipway', 'south-quay', 'tide-mill'];

/** `breakwater`, `lantern`, … and from the ninth on `breakwater-2`. */
export const nodeName = (index: number): string => {
  const round = Math.floor(index / HARBOURS.length);
  return `${HARBOURS[index % HARBOURS.length] ?? 'harbour'}${round === 0 ? '' : `-${round + 1}`}`;
};

/**
 * Lays out the install root of a node as a package would: slot, then `committed`, then `current`. An existing node keeps
 * its versions, links and identity; only the addresses in its configuration follow this start.
 */
export function installNode(node: EdgeNode, installed: BuiltReleases['installed'], addresses: NodeAddresses, pace: FleetPace): void {
  for (const folder of ['versions', 'staging', 'trial', 'snapshots', 'spool']) mkdirSync(join(node.root, folder), { recursive: true });
  mkdirSync(join(node.root, 'identity'), { recursive: true, mode: 0o700 });
  mkdirSync(node.guardDir, { recursive: true });
  mkdirSync(node.runDir, { recursive: true });
  if (!isLink(join(node.root, 'committed'))) {
    placeSlot(node.root, installed);
    placeLink(node.root, 'committed', installed.version);
  }
  if (!isLink(join(node.root, 'current'))) symlinkSync(readlinkSync(join(node.root, 'committed')), join(node.root, 'current'));
  writeConfig(node, addresses, pace);
}

function placeSlot(root: string, installed: BuiltReleases['installed']): void {
  const slot = join(root, 'versions', installed.version);
  if (existsSync(slot)) return;
  const unfinished = join(root, 'staging', `install-${installed.version}`);
  rmSync(unfinished, { recursive: true, force: true });
  cpSync(installed.tree, unfinished, { recursive: true });
  for (const name of ['manifest.json', 'manifest.sig.bundle']) cpSync(join(installed.statement, name), join(unfinished, name));
  renameSync(unfinished, slot);
}

function placeLink(root: string, name: string, version: string): void {
  symlinkSync(`versions/${version}`, join(root, `.${name}.new`));
  renameSync(join(root, `.${name}.new`), join(root, name));
}

const isLink = (path: string): boolean => lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() === true;

/** Policy that somebody changed by hand, to try it out, stays as it is: only addresses are written over an existing file. */
function writeConfig(node: EdgeNode, addresses: NodeAddresses, pace: FleetPace): void {
  const file = join(node.root, 'config.json');
  const kept: Record<string, unknown> = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>) : {};
  const config = {
    name: node.name,
    upgrade: {
      enabled: true,
      allowed_channels: ['stable'],
      boot_health_window_secs: pace.bootHealthWindowSecs,
      // Somebody trying out seven releases must not run into the brake that protects a real node from a rogue manager.
      min_attempt_interval_secs: 0,
      max_attempts_per_day: 100,
    },
    ...kept,
    manager: { url: `ws://127.0.0.1:${addresses.managerPort}/ws/node` },
    source: { api_base_url: `http://127.0.0.1:${addresses.releasesPort}`, ...DEMO_SOURCE, allow_loopback_http: true },
  };
  writeFileSync(`${file}.new`, `${JSON.stringify(config, null, 2)}\n`);
  renameSync(`${file}.new`, file);
}

/** The version a link of the install root names: what the disk says, whatever anybody claims. */
export function linkedVersion(root: string, link: 'current' | 'committed' | 'previous'): string | null {
  const path = join(root, link);
  return isLink(path) ? readlinkSync(path).replace(/^versions\//, '') : null;
}
