import { rolloutPlan, routeOf, type RolloutPlan } from '@tidegate/contract-api';
import type { Command } from 'commander';
import { badUsage } from './ending.ts';
import { Printer } from './look.ts';
import { groupIdOf } from './names.ts';
import { strategyOf, withStrategy, type StrategyOptions } from './rollout-options.ts';
import { watchRollout } from './rollout-watch.ts';
import { clientOf, type GlobalOptions, type Surroundings } from './session.ts';
import type { Column } from './table.ts';
import { seconds } from './time.ts';

interface BeginOptions extends GlobalOptions, StrategyOptions {
  readonly channel?: string;
  readonly deviceType?: string;
  readonly supersede?: boolean;
  readonly watch?: boolean;
  readonly wait?: string;
  readonly idempotencyKey?: string;
}

const WAIT = ['--wait <duration>', 'look no longer than this; the rollout goes on'] as const;
function waitOf({ wait }: { readonly wait?: string }): number | null {
  if (wait === undefined) return null;
  const found = seconds(wait);
  if (found === null) throw badUsage(`${wait} is no duration.`, 'Such as 90s, 10m, 1h.');
  return found;
}

const begins = (command: Command): Command =>
  withStrategy(
    command
      .argument('<group>', 'name or id of the group')
      .argument('<version>', 'exact version')
      .option('--channel <text>', 'without, stable')
      .option('--device-type <text>', 'for a group whose nodes are of several types'),
  );

async function ask(command: Command, from: Surroundings, options: BeginOptions, dryRun: boolean): Promise<RolloutPlan> {
  const client = clientOf(from, options);
  const [group = '', version = ''] = command.args;
  const answer = await client.ask('beginRollout', {
    path: { id: await groupIdOf(client, group) },
    body: {
      version,
      ...(options.channel !== undefined && { channel: options.channel }),
      ...(options.deviceType !== undefined && { device_type: options.deviceType }),
      strategy: await strategyOf(options, client, from),
      dry_run: dryRun,
      supersede: options.supersede === true,
    },
    ...(options.idempotencyKey !== undefined && { idempotencyKey: options.idempotencyKey }),
  });
  return rolloutPlan.parse(answer);
}

interface PlanRow {
  readonly where: string;
  readonly name: string;
  readonly id: string;
}

/** Every named node on a line of its own: in which wave, or why in none. */
function showPlan(plan: RolloutPlan, printer: Printer): void {
  if (printer.options.output !== 'table') return printer.data(plan);
  const shape: readonly Column<PlanRow>[] = [
    { head: 'WAVE', cell: ({ where }) => where },
    { head: 'NODE', cell: ({ name }) => name },
    { head: 'ID', cell: ({ id }) => id, whole: true },
  ];
  const rows: PlanRow[] = [
    ...plan.waves.flatMap(({ wave, nodes }) =>
      nodes.map(({ node_id: id, name, online }) => ({ where: `${wave + 1}${online ? '' : ' (offline)'}`, name, id })),
    ),
    ...plan.excluded.nodes.map(({ node_id: id, name, reason }) => ({ where: `none: ${reason.replaceAll('_', ' ')}`, name, id })),
  ];
  printer.list({ items: rows }, () => shape);
  for (const { wave, count, earliest_at: at } of plan.waves)
    printer.say(`Wave ${wave + 1}: ${count} nodes, at the earliest ${at === null ? 'never: no window opens' : printer.look.time(at)}`);
  if (plan.excluded.count > 0) printer.say(`${plan.excluded.count} nodes are left out.`);
  printer.say(
    `Every node installs the manifest ${plan.pins.manifest_sha256}; commit of the tag: ${plan.pins.provenance.replaceAll('_', ' ')}.`,
  );
}

/** `rollout create`, `rollout plan` and `rollout watch`. */
export function addRollouts(rollout: Command, from: Surroundings): void {
  begins(rollout.command('plan'))
    .description('Which node would be upgraded in which wave, and which not and why; begins nothing.')
    .action(async (_: string, __: string, ___: object, command: Command) => {
      const options = command.optsWithGlobals<BeginOptions>();
      showPlan(await ask(command, from, options, true), new Printer(from, options));
    });
  begins(rollout.command('create'))
    .description(routeOf('beginRollout').summary)
    .option('--supersede', 'take the place of one that still runs')
    .option('--watch', 'follow it to its end; exit code 0 only when completed')
    .option(...WAIT)
    .option('--idempotency-key <key>', 'the same key again: the same work, not another one')
    .action(async (_: string, __: string, ___: object, command: Command) => {
      const options = command.optsWithGlobals<BeginOptions>();
      const [printer, waitS] = [new Printer(from, options), waitOf(options)];
      const plan = await ask(command, from, options, false);
      const id = plan.rollout?.id ?? '';
      printer.say(`Rollout ${id}`);
      if (options.watch) return await watchRollout(clientOf(from, options), id, printer, from, waitS);
      return showPlan(plan, printer);
    });
  rollout
    .command('watch')
    .description('Follow a rollout until it ends or a person has to decide; exit code 0 only when it completed.')
    .argument('<rollout>', 'id of the rollout')
    .option(...WAIT)
    .action(async (id: string, _: object, command: Command) => {
      const options = command.optsWithGlobals<BeginOptions>();
      await watchRollout(clientOf(from, options), id, new Printer(from, options), from, waitOf(options));
    });
}
