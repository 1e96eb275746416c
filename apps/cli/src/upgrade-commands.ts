import { CHECK_OUTCOMES, upgradeChecks, upgradeView, type UpgradeCheck } from '@tidegate/contract-api';
import type { Command } from 'commander';
import { badUsage } from './ending.ts';
import { Printer } from './look.ts';
import { nodeIdOf } from './names.ts';
import { clientOf, type GlobalOptions, type Surroundings } from './session.ts';
import { seconds } from './time.ts';
import { watchUpgrade } from './upgrade-watch.ts';
import { VIEWS } from './views.ts';

interface UpgradeOptions extends GlobalOptions {
  readonly channel?: string;
  readonly queue?: boolean;
  readonly watch?: boolean;
  readonly timeout?: string;
  readonly idempotencyKey?: string;
}

const timeoutOf = ({ timeout }: { readonly timeout?: string }): number | null => {
  if (timeout === undefined) return null;
  return seconds(timeout) ?? fail(timeout);
};
const fail = (text: string): never => {
  throw badUsage(`${text} is no duration.`, 'Such as 90s, 10m, 1h.');
};

/** `node upgrade`. */
export function addNodeUpgrade(node: Command, from: Surroundings): void {
  node
    .command('upgrade')
    .description('Ask a node to stage and try a release.')
    .argument('<node>', 'name or id of the node')
    .argument('<version>', 'exact version')
    .option('--channel <text>', 'of the release; without, stable')
    .option('--queue', 'accept it for a node that is offline; it starts when the node is back')
    .option('--watch', 'follow it to its end; exit code 0 only when committed')
    .option('--timeout <duration>', 'with --watch: give up looking after so long; the upgrade goes on')
    .option('--idempotency-key <key>', 'the same key again: the same work, not another one')
    .action(async (name: string, version: string, _: object, command: Command) => {
      const options = command.optsWithGlobals<UpgradeOptions>();
      const [client, printer, timeoutS] = [clientOf(from, options), new Printer(from, options), timeoutOf(options)];
      const { channel, queue, idempotencyKey } = options;
      const asked = await client.ask('requestUpgrade', {
        path: { id: await nodeIdOf(client, name) },
        body: { version, ...(channel !== undefined && { channel }), ...(queue && { queue }) },
        ...(idempotencyKey !== undefined && { idempotencyKey }),
      });
      if (!options.watch) return printer.one(asked);
      const { id } = upgradeView.parse(asked);
      printer.say(`Upgrade ${id}`);
      await watchUpgrade(client, id, printer, from, timeoutS);
    });
}

/** `upgrade watch`. */
export function addUpgradeWatch(upgrade: Command, from: Surroundings): void {
  upgrade
    .command('watch')
    .description('Follow an upgrade to its end; exit code 0 only when it ended committed.')
    .argument('<upgrade>', 'id of the upgrade')
    .option('--timeout <duration>', 'give up looking after so long; the upgrade goes on')
    .action(async (id: string, _: object, command: Command) => {
      const options = command.optsWithGlobals<UpgradeOptions>();
      await watchUpgrade(clientOf(from, options), id, new Printer(from, options), from, timeoutOf(options));
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
