import { chmodSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { buildReleases, type BuiltReleases } from '../demo-releases/build-releases.ts';
import { DEVICE_TYPE } from '../demo-releases/demo-trust.ts';
import { publishReleases } from '../demo-releases/publish-releases.ts';
import { superviseService, type SupervisedService } from '../supervisor/index.ts';
import { signIn, type ApiClient } from './api-client.ts';
import { buildProducts } from './build-products.ts';
import { adminPassword, type DataFolder } from './data-folder.ts';
import { installNode, nodeName, type EdgeNode, type FleetPace } from './edge-node.ts';
import { lastingProblem, logFrom, type LogPosition } from './log-problem.ts';
import { choosePorts, type Ports } from './ports.ts';
import { ProcessTable, type ServiceKind } from './process-table.ts';
import { noteOf } from './service-notes.ts';
import { edgeService, managerService, releaseSourceService, type Service } from './services.ts';
import { isTrue, waitUntil } from './wait-until.ts';

export interface SystemOptions {
  readonly folder: DataFolder;
  /** Of the manager; 0 takes a free one. */
  readonly port: number;
  readonly nodeCount: number;
  readonly pace: FleetPace;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

export interface System {
  readonly consoleUrl: string;
  readonly password: string;
  readonly api: ApiClient;
  readonly nodes: readonly EdgeNode[];
  /** Ends every process, nodes first, so that none of them sees its manager go away. */
  stop(): Promise<void>;
}

const READY_TIMEOUT_MS = 90_000;
const REQUEST_TIMEOUT_MS = 5000;

/** Builds what is missing, starts everything and enrols new nodes. What was started is stopped again when it fails or is aborted. */
export async function startSystem(options: SystemOptions): Promise<System> {
  const { folder, say, signal } = options;
  // First of all, before seconds are spent on builds: a taken port is the most common mistake.
  const ports = await choosePorts(folder.ports, options.port);
  const releases = await build(options);
  const consoleUrl = `http://127.0.0.1:${ports.manager}`;
  const services = new Services(new ProcessTable(folder.processTable, consoleUrl), say);
  try {
    const password = adminPassword(folder);
    const source = releaseSourceService(folder, ports);
    const manager = managerService(folder, ports, options.pace, releases.anchorFile);
    const sourceLog = logFrom(source.log.file);
    const managerLog = logFrom(manager.log.file);
    services.start('release-source', 'release-source', source);
    services.start('manager', 'manager', manager);
    // Its own word, not /readyz: it says READY=1 only after the first account was made, and that is signed in with next.
    await ready('the manager', () => services.isReady('manager'), managerLog, signal);
    await ready('the release source', () => answers(`http://127.0.0.1:${ports.releases}/`), sourceLog, signal);
    const api = await signIn(consoleUrl, 'admin', password);
    const nodes = await startNodes(options, ports, releases, api, services);
    return { consoleUrl, password, api, nodes, stop: () => services.stop() };
  } catch (error) {
    await services.stop();
    throw error;
  }
}

async function build({ folder, say, signal }: SystemOptions): Promise<BuiltReleases> {
  const places = { cache: folder.demoReleases, authority: folder.authority };
  const failed = new AbortController();
  const either = AbortSignal.any([signal, failed.signal]);
  const releases = buildReleases(places, say, either);
  const builds = [buildProducts(say, either), releases];
  try {
    await Promise.all(builds);
  } catch (error) {
    // What still builds would only keep the terminal busy after its error was shown.
    failed.abort();
    await Promise.allSettled(builds);
    throw error;
  }
  await publishReleases(folder.releases, await releases);
  return await releases;
}

async function startNodes(
  options: SystemOptions,
  ports: Ports,
  releases: BuiltReleases,
  api: ApiClient,
  services: Services,
): Promise<EdgeNode[]> {
  const { folder, pace, signal } = options;
  const nodes: EdgeNode[] = [];
  for (let index = 0; index < options.nodeCount; index++) {
    signal.throwIfAborted();
    const name = nodeName(index);
    const guardDir = join(folder.guards, name);
    const node = { name, root: join(folder.nodes, name), guardDir, runDir: join(guardDir, 'run') };
    installNode(node, releases.installed, { managerPort: ports.manager, releasesPort: ports.releases }, pace);
    await giveToken(node, api);
    services.start(name, 'edge', edgeService(folder, node, pace));
    nodes.push(node);
  }
  return nodes;
}

/** A node that is not enrolled gets a fresh token at every start: an unused one of an earlier start may have expired. */
async function giveToken(node: EdgeNode, api: ApiClient): Promise<void> {
  if (existsSync(join(node.root, 'identity', 'node.json'))) return;
  const file = join(node.root, 'identity', 'registration-token');
  rmSync(file, { force: true });
  writeFileSync(file, `${(await api.createRegistrationToken(DEVICE_TYPE)).token}\n`, { mode: 0o600 });
  chmodSync(file, 0o600);
}

/** A service that says in its log why it can never start ends the wait with that. */
async function ready(what: string, isReady: () => boolean | Promise<boolean>, log: LogPosition, signal: AbortSignal): Promise<void> {
  await waitUntil(
    what,
    READY_TIMEOUT_MS,
    async () => {
      const problem = lastingProblem(log);
      if (problem) throw problem;
      return isTrue(await isReady());
    },
    signal,
  );
}

/** Any answer will do: there is nothing at the root of a release source. */
async function answers(url: string): Promise<boolean> {
  const response = await fetch(url, { signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS) }).catch(() => undefined);
  await response?.body?.cancel();
  return response !== undefined;
}

/** All supervised services: the process table follows their events, and what people should know is said. */
class Services {
  readonly #table: ProcessTable;
  readonly #say: (line: string) => void;
  readonly #running: { readonly kind: ServiceKind; readonly service: SupervisedService }[] = [];
  readonly #ready = new Set<string>();
  #isStopping = false;

  constructor(table: ProcessTable, say: (line: string) => void) {
    this.#table = table;
    this.#say = say;
  }

  start(name: string, kind: ServiceKind, service: Service): void {
    this.#table.set(name, kind, null);
    const supervised = superviseService({
      ...service,
      onEvent: (event) => {
        if (event.type === 'started') this.#table.set(name, kind, event.pid);
        if (event.type === 'exited' || event.type === 'stopped') this.#table.set(name, kind, null);
        if (event.type === 'ready') this.#ready.add(name);
        if (event.type === 'exited') this.#ready.delete(name);
        const note = this.#isStopping ? undefined : noteOf(name, event);
        if (note !== undefined) this.#say(note);
      },
    });
    this.#running.push({ kind, service: supervised });
  }

  isReady(name: string): boolean {
    return this.#ready.has(name);
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    const stopAll = (kinds: readonly ServiceKind[]) =>
      Promise.all(this.#running.filter(({ kind }) => kinds.includes(kind)).map(({ service }) => service.stop()));
    await stopAll(['edge']);
    await stopAll(['manager', 'release-source']);
    this.#table.remove();
  }
}
