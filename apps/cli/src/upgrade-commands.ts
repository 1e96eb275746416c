import { CHECK_OUTCOMES, routeOf, upgradeChecks, upgradeView, type RouteName, type UpgradeCheck } from '@tidegate/contract-api';
import type { Command } from 'commander';
import { badUsage } from './ending.ts';
import { Printer } from './look.ts';
import { nodeIdOf } from './names.ts';
import { fieldsOf, filled, optionOf } from './route-options.ts';
import { clientOf, type GlobalOptions, type Surroundings } from './session.ts';
import { seconds } from './time.ts';
import { watchUpgrade } from './upgrade-watch.ts';
import { VIEWS } from './views.ts';

interface WatchOptions extends GlobalOptions {
  readonly watch?: boolean;
  readonly wait?: string;
  readonly idempotencyKey?: string;
}

function waitOf({ wait }: WatchOptions): number | null {
  if (wait === undefined) return null;
  const found = seconds(wait);
  if (found === null) throw badUsage(`${wait} is no duration.`, 'Such as 90s, 10m, 1h.');
  return found;
}
const WAIT = ['--wait <duration>', 'look no longer than this; the upgrade goes on'] as const;

/** A command that starts an upgrade of a node, and with --watch stays with it. */
function startsUpgrade(command: Command, route: RouteName, taken: readonly string[], from: Surroundings): void {
  const fields = fieldsOf(route, taken);
  command.description(routeOf(route).summary).argument('<node>', 'name or id of the node');
  for (const field of taken) command.argument(`<${field}>`, 'exact version');
  for (const field of fields) command.addOption(optionOf(field));
  command.option('--watch', 'follow it to its end; exit code 0 only when committed').option(...WAIT);
  command.option('--idempotency-key <key>', 'the same key again: the same work, not another one');
  command.action(async () => {
    const options = command.optsWithGlobals<WatchOptions & Record<string, unknown>>();
    const [client, printer, waitS] = [clientOf(from, options), new Printer(from, options), waitOf(options)];
    const [name = '', ...given] = command.args;
    const { body } = await filled(fields, options, client, from.now());
    const answer = await client.ask(route, {
      path: { id: await nodeIdOf(client, name) },
      body: { ...body, ...Object.fromEntries(taken.map((field, index) => [field, given[index]])) },
      ...(options.idempotencyKey !== undefined && { idempotencyKey: options.idempotencyKey }),
    });
    const started = upgradeView.safeParse(answer);
    // Nothing to do is answered with the check that found so.
    if (!started.success) printer.say('Nothing to do.');
    if (!started.success || !options.watch) return printer.one(answer);
    printer.say(`Upgrade ${started.data.id}`);
    await watchUpgrade(client, started.data.id, printer, from, waitS);
  });
}

/** `node upgrade`. */
export const addNodeUpgrade = (node: Command, from: Surroundings): void =>
  startsUpgrade(node.command('upgrade'), 'requestUpgrade', ['version'], from);

/** `node return`. */
export const addNodeReturn = (node: Command, from: Surroundings): void => startsUpgrade(node.command('return'), 'returnNode', [], from);

/** `upgrade watch`. */
export function addUpgradeWatch(upgrade: Command, from: Surroundings): void {
  upgrade
    .command('watch')
    .description('Follow an upgrade to its end; exit code 0 only when it ended committed.')
    .argument('<upgrade>', 'id of the upgrade')
    .option(...WAIT)
    .action(async (id: string, _: object, command: Command) => {
      const options = command.optsWithGlobals<WatchOptions>();
      await watchUpgrade(clientOf(from, options), id, new Printer(from, options), from, waitOf(options));
    });
}

interface BulkOptions extends GlobalOptions {
  readonly nodes?: string;
  readonly group?: string;
  readonly deviceType?: string;
  readonly runningVersion?: string;
  readonly channel?: string;
}

/** `release check`. */
export function addReleaseCheck(release: Command, from: Surroundings): void {
  release
    .command('check')
    .description('What an upgrade would mean for many nodes; changes nothing.')
    .argument('[version]', 'without one, the newest of the channel')
    .option('--channel <text>', 'without, stable')
    .option('--nodes <list>', 'names or ids of nodes, with commas; without, all that the other options say')
    .option('--group <text>', 'name of a group')
    .option('--device-type <text>', 'product that the nodes run')
    .option('--running-version <text>', 'what they run now')
    .action(async (version: string | undefined, _: object, command: Command) => {
      const options = command.optsWithGlobals<BulkOptions>();
      const [client, printer] = [clientOf(from, options), new Printer(from, options)];
      const { nodes, group, deviceType, runningVersion, channel } = options;
      const filter = { group, device_type: deviceType, running_version: runningVersion };
      if (nodes !== undefined && Object.values(filter).some((value) => value !== undefined)) throw badUsage('Either --nodes or a filter.');
      const which =
        nodes === undefined ? { filter } : { node_ids: await Promise.all(nodes.split(',').map((name) => nodeIdOf(client, name))) };
      const items: UpgradeCheck[] = [];
      for (let cursor: string | undefined; ;) {
        const page = upgradeChecks.parse(await client.ask('checkUpgrades', { body: { version, channel, ...which, cursor } }));
        items.push(...page.items);
        if (page.next_cursor === null) break;
        cursor = page.next_cursor;
      }
      printer.list({ items, next_cursor: null }, VIEWS.check);
      const counts = CHECK_OUTCOMES.map((outcome) => ({ outcome, nodes: items.filter((item) => item.outcome === outcome).length }));
      printer.say(
        counts
          .filter(({ nodes }) => nodes > 0)
          .map(({ outcome, nodes }) => `${nodes} ${outcome}`)
          .join(', '),
      );
    });
}
