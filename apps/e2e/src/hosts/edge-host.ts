import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lchownSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { CHECKOUT } from '../local-system.ts';
import type { LocalReleases } from './candidates.ts';
import type { TestHost } from './test-host.ts';

export const SERVICE = 'tidegate-edge';
export const UNIT = `${SERVICE}.service`;
const USER = 'tidegate';
const ROOT = `opt/tidegate/${SERVICE}`;
const RECORD = `var/lib/tidegate-guard/${SERVICE}`;

export interface Installation {
  readonly name: string;
  readonly version: string;
  readonly releases: LocalReleases;
  readonly managerPort: number;
  readonly releasesPort: number;
  readonly registrationToken: string;
  readonly windowSecs: number;
}

export interface AttemptOnDisk {
  readonly toVersion: string;
  readonly state: string;
  readonly errorCode: string | null;
  readonly finishedAt: string | null;
}
interface StateOnDisk {
  readonly attempt: AttemptOnDisk | null;
  /** Newest first. */
  readonly history: readonly AttemptOnDisk[];
}

/** An edge, installed on a host as its package would, seen from outside: what its disk and its systemd say. */
export class EdgeHost {
  readonly host: TestHost;

  constructor(host: TestHost) {
    this.host = host;
  }

  /** Before the first boot: units, users and guard where the package puts them, and the site's own settings. */
  unpackPackage(): void {
    cpSync(join(CHECKOUT, 'systemd/usr'), this.host.at('usr'), { recursive: true });
    mkdirSync(this.host.at('usr/lib/tidegate'), { recursive: true });
    cpSync(join(CHECKOUT, 'apps/boot-guard/guard'), this.host.at('usr/lib/tidegate/guard'));
    chmodSync(this.host.at('usr/lib/tidegate/guard'), 0o755);
    mkdirSync(this.host.at('etc/default'), { recursive: true });
    writeFileSync(
      this.host.at('etc/default', SERVICE),
      'TIDEGATE_NODE=/usr/lib/tidegate/node\n# Windows that a test can wait for.\nTIDEGATE_START_TIMEOUT_SECS=\n',
    );
  }

  /** What the package's script does once the user and the folders exist: slot, `committed`, `current`, policy, then start. */
  async install(installation: Installation): Promise<void> {
    const { version, releases } = installation;
    const slot = this.root('versions', version);
    cpSync(releases.tree(version), slot, { recursive: true });
    for (const name of ['manifest.json', 'manifest.sig.bundle']) cpSync(join(releases.statement(version), name), join(slot, name));
    const { uid, gid } = this.#user();
    symlinkSync(`versions/${version}`, this.root('committed'));
    symlinkSync(`versions/${version}`, this.root('current'));
    // In a sticky folder only its owner can replace a link.
    lchownSync(this.root('current'), uid, gid);
    mkdirSync(this.root('identity'), { mode: 0o700 });
    chownSync(this.root('identity'), uid, gid);
    const token = this.root('identity/registration-token');
    writeFileSync(token, `${installation.registrationToken}\n`, { mode: 0o600 });
    chownSync(token, uid, gid);
    writeFileSync(this.root('config.json'), JSON.stringify(configOf(installation)), { mode: 0o640 });
    chownSync(this.root('config.json'), 0, gid);
    const { code, stderr } = await this.host.exec('systemctl', 'enable', '--now', UNIT);
    if (code !== 0) throw new Error(`${stderr}\n${await this.host.journal(UNIT)}`);
  }

  root(...path: readonly string[]): string {
    return this.host.at(ROOT, ...path);
  }
  record(file: string): string {
    return this.host.at(RECORD, file);
  }

  link(name: 'current' | 'committed' | 'previous'): string | null {
    const path = this.root(name);
    return lstatSync(path, { throwIfNoEntry: false })?.isSymbolicLink() ? readlinkSync(path).replace(/^versions\//, '') : null;
  }

  links(): Record<'current' | 'committed' | 'previous', string | null> {
    return { current: this.link('current'), committed: this.link('committed'), previous: this.link('previous') };
  }

  get isInTrial(): boolean {
    return existsSync(this.record('trial'));
  }

  /** A file of the guard's record as its keys and values. */
  recorded(file: 'trial' | 'verdict' | 'counters'): Record<string, string> {
    const text = existsSync(this.record(file)) ? readFileSync(this.record(file), 'utf8') : '';
    return Object.fromEntries(
      text
        .trim()
        .split(/\s+/)
        .map((line) => line.split('=', 2) as [string, string]),
    );
  }

  state(): StateOnDisk {
    const [body = ''] = readFileSync(this.root('state.json'), 'utf8').split('\n');
    return JSON.parse(body) as StateOnDisk;
  }

  /** Properties of the unit as systemd shows them. */
  async shown(...properties: readonly string[]): Promise<Record<string, string>> {
    const text = await this.host.run('systemctl', 'show', UNIT, ...properties.map((name) => `--property=${name}`));
    return Object.fromEntries(
      text
        .trim()
        .split('\n')
        .map((line) => line.split(/=(.*)/s, 2) as [string, string]),
    );
  }

  /** Settings laid over the shipped unit, or none any more. They hold from the next start of the service on. */
  async overlayUnit(settings: string | undefined): Promise<void> {
    const folder = this.host.at('etc/systemd/system', `${UNIT}.d`);
    rmSync(folder, { recursive: true, force: true });
    if (settings !== undefined) {
      mkdirSync(folder, { recursive: true });
      writeFileSync(join(folder, 'test.conf'), settings);
    }
    await this.host.run('systemctl', 'daemon-reload');
  }

  /** Runs a line of shell as the agent's user, without the unit's sandbox around it. */
  async asAgent(line: string): Promise<{ code: number; stderr: string }> {
    return await this.host.exec('setpriv', `--reuid=${USER}`, `--regid=${USER}`, '--clear-groups', 'sh', '-c', line);
  }

  #user(): { uid: number; gid: number } {
    const line = readFileSync(this.host.at('etc/passwd'), 'utf8')
      .split('\n')
      .find((entry) => entry.startsWith(`${USER}:`));
    const [, , uid, gid] = line?.split(':') ?? [];
    if (uid === undefined || gid === undefined) throw new Error(`the host has no user ${USER}`);
    return { uid: Number(uid), gid: Number(gid) };
  }
}

const configOf = (installation: Installation): object => ({
  name: installation.name,
  manager: { url: `ws://127.0.0.1:${installation.managerPort}/ws/node` },
  source: { api_base_url: `http://127.0.0.1:${installation.releasesPort}`, owner: 'tidegate', repo: SERVICE, allow_loopback_http: true },
  upgrade: {
    enabled: true,
    boot_health_window_secs: installation.windowSecs,
    min_attempt_interval_secs: 0,
    max_attempts_per_day: 100,
  },
});
