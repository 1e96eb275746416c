import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEMO_SOURCE, DEVICE_TYPE } from '../demo-releases/demo-trust.ts';
import type { ServiceOptions } from '../supervisor/index.ts';
import { CHECKOUT, PROGRAMS } from './checkout.ts';
import type { DataFolder } from './data-folder.ts';
import type { EdgeNode, FleetPace } from './edge-node.ts';
import type { Ports } from './ports.ts';

/** A service but for who listens to its events. */
export type Service = Omit<ServiceOptions, 'onEvent'>;

/** Services get a small environment of their own: what happens to be exported in somebody's shell must not change a fleet. */
const PASSED_ON = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'TZ'] as const;
const environment = (): Record<string, string> => {
  const passed = PASSED_ON.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]] as const]));
  return Object.fromEntries(passed);
};

const START_LIMIT = { burst: 5, intervalMs: 10_000, maxDelayMs: 5000 } as const;
const UPGRADE_TIMEOUT_SECS = 300;

export function managerService(folder: DataFolder, ports: Ports, pace: FleetPace, anchorFile: string): Service {
  const config = {
    listen: { host: '127.0.0.1', port: ports.manager },
    data_dir: folder.managerData,
    console_dir: join(CHECKOUT, PROGRAMS.consoleDir),
    admin: { username: 'admin', password_file: folder.passwordFile },
    release_sources: [
      {
        device_type: DEVICE_TYPE,
        api_base_url: `http://127.0.0.1:${ports.releases}`,
        ...DEMO_SOURCE,
        allow_loopback_http: true,
        trust_anchor_file: anchorFile,
      },
    ],
    node_settings: { beat_interval_secs: pace.beatIntervalSecs },
    upgrade_timeout_secs: UPGRADE_TIMEOUT_SECS,
  };
  writeFileSync(folder.managerConfig, `${JSON.stringify(config, null, 2)}\n`);
  return {
    name: 'manager',
    type: 'notify',
    execStart: [process.execPath, join(CHECKOUT, PROGRAMS.manager), 'serve', '--config', folder.managerConfig],
    cwd: CHECKOUT,
    env: environment(),
    startTimeoutMs: 90_000,
    // Closing sockets, draining and stopping PostgreSQL.
    stopTimeoutMs: 15_000,
    startLimit: START_LIMIT,
    log: { file: join(folder.logs, 'manager.log') },
  };
}

export function releaseSourceService(folder: DataFolder, ports: Ports): Service {
  return {
    name: 'release-source',
    type: 'simple',
    execStart: [process.execPath, join(CHECKOUT, PROGRAMS.releaseSource), '--data-dir', folder.releases, '--port', String(ports.releases)],
    cwd: CHECKOUT,
    env: environment(),
    startLimit: START_LIMIT,
    log: { file: join(folder.logs, 'release-source.log') },
  };
}

/** Named like its unit and entry point, which all nodes share; who it is shows in the log's name. */
export function edgeService(folder: DataFolder, node: EdgeNode, pace: FleetPace): Service {
  return {
    name: DEVICE_TYPE,
    type: 'notify',
    execStart: [join(node.runDir, 'start', 'bin', DEVICE_TYPE), 'run'],
    cwd: node.root,
    // One user owns node and guard here, so there is nothing to seal against: docs/node-disk.md.
    env: { ...environment(), TIDEGATE_NODE: process.execPath, TIDEGATE_SEAL: 'off' },
    startTimeoutMs: 30_000,
    stopTimeoutMs: 5000,
    watchdogMs: pace.watchdogMs,
    restartDelayMs: pace.restartDelayMs,
    guard: {
      command: [join(CHECKOUT, PROGRAMS.guard)],
      root: node.root,
      guardDir: node.guardDir,
      runDir: node.runDir,
    },
    log: { file: join(folder.logs, `${node.name}.log`) },
  };
}
