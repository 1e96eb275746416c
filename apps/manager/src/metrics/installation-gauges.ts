import { Inject, Injectable } from '@nestjs/common';
import { connection, type UpgradeState } from '@tidegate/contract-api';
import { ATTEMPT_STATES, isTerminal } from '@tidegate/contract-events';
import { Fleet } from '../fleet/index.ts';
import { CLOCK, Database, LOG, Metrics, type Clock, type Log } from '../platform/index.ts';
import { readFigures, type Figure } from './persistence/installation-figures.ts';

/** However often and by however many it is asked. */
const KEPT_MS = 10_000;
const RUNNING: readonly UpgradeState[] = ['queued', 'sent', ...ATTEMPT_STATES.filter((state) => !isTerminal(state))];

/** Figures of the whole installation, as every replica has them. */
@Injectable()
export class InstallationGauges {
  private readonly nodes;
  private readonly versions;
  private readonly flagged;
  private readonly upgrades;
  private readonly commands;
  private readonly unsequenced;
  private readonly replicas;
  private last: { readonly readAtMs: number; readonly shown: Promise<boolean> } | undefined;

  constructor(
    metrics: Metrics,
    private readonly database: Database,
    private readonly fleet: Fleet,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
  ) {
    this.nodes = metrics.gauge('tidegate_nodes');
    this.versions = metrics.gauge('tidegate_nodes_by_version');
    this.flagged = metrics.gauge('tidegate_nodes_flagged');
    this.upgrades = metrics.gauge('tidegate_upgrades_running');
    this.commands = metrics.gauge('tidegate_commands_open');
    this.unsequenced = metrics.gauge('tidegate_rows_unsequenced');
    this.replicas = metrics.gauge('tidegate_replicas');
  }

  /** @returns false while the database is away: no figure is better than an old one. */
  refresh(): Promise<boolean> {
    const nowMs = this.clock.now().getTime();
    if (!this.last || nowMs - this.last.readAtMs >= KEPT_MS) this.last = { readAtMs: nowMs, shown: this.readAndShow() };
    return this.last.shown;
  }

  private async readAndShow(): Promise<boolean> {
    try {
      const moment = { now: this.clock.now(), limits: this.fleet.limits };
      this.show(await this.database.read((em) => readFigures(em, moment)));
      return true;
    } catch (error) {
      this.log.debug({ err: error }, 'figures of the installation not read');
      this.last = undefined;
      return false;
    }
  }

  private show(figures: readonly Figure[]): void {
    const of = (what: Figure['what']): ReadonlyMap<string | null, number> =>
      new Map(figures.filter((figure) => figure.what === what).map((figure) => [figure.value, figure.count]));
    const connections = of('connection');
    for (const kind of connection.options) this.nodes.set({ connection: kind }, connections.get(kind) ?? 0);
    this.showVersions(
      of('version'),
      [...connections.values()].reduce((sum, count) => sum + count, 0),
    );
    for (const [flag, count] of of('flag')) this.flagged.set({ flag: flag ?? '' }, count);
    const upgrades = of('upgrade');
    for (const state of RUNNING) this.upgrades.set({ state }, upgrades.get(state) ?? 0);
    const commands = of('command');
    for (const stage of ['unsent', 'unanswered']) this.commands.set({ stage }, commands.get(stage) ?? 0);
    for (const [stream, count] of of('unsequenced')) this.unsequenced.set({ stream: stream ?? '' }, count);
    this.replicas.reset();
    for (const [version, count] of of('replica')) this.replicas.set({ version: version ?? '' }, count);
  }

  private showVersions(versions: ReadonlyMap<string | null, number>, total: number): void {
    this.versions.reset();
    let rest = total;
    for (const [version, count] of versions) {
      rest -= count;
      // Added to, not set: a node may call itself `unknown`.
      this.versions.inc({ version: version ?? 'unknown' }, count);
    }
    this.versions.inc({ version: 'other' }, rest);
  }
}
