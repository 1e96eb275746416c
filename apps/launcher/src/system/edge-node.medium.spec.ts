import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  unlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { installNode, linkedVersion, nodeName } from './edge-node.ts';

const pace = { bootHealthWindowSecs: 8, beatIntervalSecs: 1, watchdogMs: 4000, restartDelayMs: 200 };
const addresses = { managerPort: 8080, releasesPort: 8081 };

let folder: string;
let node: { name: string; root: string; guardDir: string; runDir: string };
let installed: { version: string; tree: string; statement: string };
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidegate-node-'));
  node = { name: 'lantern', root: join(folder, 'root'), guardDir: join(folder, 'guard'), runDir: join(folder, 'guard/run') };
  installed = { version: '1.0.0', tree: join(folder, 'tree'), statement: join(folder, 'statement') };
  mkdirSync(join(installed.tree, 'bin'), { recursive: true });
  mkdirSync(installed.statement);
  writeFileSync(join(installed.tree, 'bin/tidegate-edge'), '#!/bin/sh\n', { mode: 0o755 });
  for (const name of ['manifest.json', 'manifest.sig.bundle']) writeFileSync(join(installed.statement, name), name);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const config = () => JSON.parse(readFileSync(join(node.root, 'config.json'), 'utf8')) as Record<string, Record<string, unknown>>;

describe('an install root', () => {
  it('has the slot with its statement, both links and a private identity folder', () => {
    installNode(node, installed, addresses, pace);
    const slot = join(node.root, 'versions/1.0.0');
    expect(readdirSync(slot).sort()).toEqual(['bin', 'manifest.json', 'manifest.sig.bundle']);
    expect(statSync(join(slot, 'bin/tidegate-edge')).mode & 0o777).toBe(0o755);
    expect(readlinkSync(join(node.root, 'current'))).toBe('versions/1.0.0');
    expect(linkedVersion(node.root, 'committed')).toBe('1.0.0');
    expect(linkedVersion(node.root, 'previous')).toBeNull();
    expect(statSync(join(node.root, 'identity')).mode & 0o777).toBe(0o700);
    expect(config()).toMatchObject({
      name: 'lantern',
      manager: { url: 'ws://127.0.0.1:8080/ws/node' },
      upgrade: { boot_health_window_secs: 8 },
    });
  });

  it('keeps its versions, links and changed policy at the next start, and follows the addresses', () => {
    installNode(node, installed, addresses, pace);
    mkdirSync(join(node.root, 'versions/1.1.0'));
    for (const link of ['current', 'committed']) {
      unlinkSync(join(node.root, link));
      symlinkSync('versions/1.1.0', join(node.root, link));
    }
    writeFileSync(join(node.root, 'config.json'), JSON.stringify({ ...config(), upgrade: { enabled: false } }));
    installNode(node, installed, { ...addresses, releasesPort: 9999 }, pace);
    expect(linkedVersion(node.root, 'current')).toBe('1.1.0');
    expect(config()).toMatchObject({ upgrade: { enabled: false }, source: { api_base_url: 'http://127.0.0.1:9999' } });
  });

  it('is completed when an earlier start was cut off between slot and links', () => {
    installNode(node, installed, addresses, pace);
    for (const link of ['current', 'committed']) unlinkSync(join(node.root, link));
    installNode(node, installed, addresses, pace);
    expect(linkedVersion(node.root, 'current')).toBe('1.0.0');
  });

  it('leaves a trial that is open alone', () => {
    installNode(node, installed, addresses, pace);
    unlinkSync(join(node.root, 'current'));
    symlinkSync('versions/1.2.0', join(node.root, 'current'));
    installNode(node, installed, addresses, pace);
    expect([linkedVersion(node.root, 'current'), linkedVersion(node.root, 'committed')]).toEqual(['1.2.0', '1.0.0']);
  });
});

describe('names of nodes', () => {
  it('are different for every node of a large fleet', () => {
    const names = Array.from({ length: 50 }, (_, index) => nodeName(index));
    expect(new Set(names).size).toBe(50);
    expect(names.slice(0, 2)).toEqual(['breakwater', 'lantern']);
    expect(names[8]).toBe('breakwater-2');
  });
});
