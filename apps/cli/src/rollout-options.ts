import { labelSelector, rolloutStrategy, type RolloutStrategyInput } from '@tidegate/contract-api';
import type { Command } from 'commander';
import type { Client } from './client.ts';
import { badUsage } from './ending.ts';
import { nodeIdOf } from './names.ts';
import type { Surroundings } from './session.ts';
import { seconds } from './time.ts';

/** How a rollout goes about it, as the command line says it; what is left out is as the manager has it. */
export interface StrategyOptions {
  readonly strategy?: string;
  readonly immediate?: boolean;
  readonly waves?: string;
  readonly settle?: string;
  readonly maxInFlight?: string;
  readonly nodeTimeout?: string;
  readonly maxFailures?: string;
  readonly maxFailureShare?: string;
  readonly minSample?: string;
  readonly offline?: string;
  readonly catchUp?: string;
  readonly canaries?: string;
  readonly canaryLabels?: string;
  readonly spread?: string;
  readonly startAt?: string;
  readonly approval?: string;
  readonly secondPerson?: boolean;
  readonly sourceGroup?: string;
  readonly note?: string;
}

export const withStrategy = (command: Command): Command =>
  command
    .option('--strategy <file>', 'JSON of the whole strategy; the other options change it')
    .option('--immediate', 'one wave of everybody')
    .option('--waves <list>', 'cumulative shares or numbers: 10%,50%,100% or 1,20')
    .option('--settle <duration>', 'between a wave and the next: 5m')
    .option('--max-in-flight <number>', 'nodes at work at one time')
    .option('--node-timeout <duration>', 'so long a node may take')
    .option('--max-failures <number>', 'more than so many in a wave halt')
    .option('--max-failure-share <share>', 'more than this share of a wave halts: 5%')
    .option('--min-sample <number>', 'nodes that have to have ended before a share is judged')
    .option('--offline <policy>', 'wait, skip or fail')
    .option('--catch-up <duration>', 'so long after completion nodes that come back are still upgraded')
    .option('--canaries <list>', 'names or ids of nodes that go first, with commas')
    .option('--canary-labels <labels>', 'nodes with these labels go first: key=value,key')
    .option('--spread <list>', 'every wave gets its part of each: os, arch, site, version')
    .option('--start-at <time>', 'begin then, or after so long: 2h')
    .option('--approval <when>', 'none, after_canary or every_wave')
    .option('--second-person', 'whoever approves is another person than who made it')
    .option('--source-group <id>', 'the same artefact has completed a rollout there before')
    .option('--note <text>', 'one line for those who look later');

/** @throws Ending usage for what the manager would not take */
export async function strategyOf(options: StrategyOptions, client: Client, from: Surroundings): Promise<RolloutStrategyInput> {
  const base = options.strategy === undefined ? {} : fileOf(options.strategy, from);
  const { failure_threshold: threshold, order, ...rest } = base;
  const parsed = rolloutStrategy.safeParse({
    ...rest,
    ...given('kind', options.immediate === true ? 'immediate' : undefined),
    ...given('waves', options.waves === undefined ? undefined : list(options.waves).map(waveOf)),
    ...given('settle_secs', duration(options.settle)),
    ...given('max_in_flight', number(options.maxInFlight)),
    ...given('node_timeout_secs', duration(options.nodeTimeout)),
    ...given('offline', options.offline),
    ...given('catch_up_secs', duration(options.catchUp)),
    ...given('start_at', timeOf(options.startAt, from)),
    ...given('approval', options.approval),
    ...given('second_person', options.secondPerson),
    ...given('source_group', options.sourceGroup),
    ...given('note', options.note),
    failure_threshold: {
      ...threshold,
      ...given('max_failures', number(options.maxFailures)),
      ...given('max_share', options.maxFailureShare === undefined ? undefined : share(options.maxFailureShare)),
      ...given('min_sample', number(options.minSample)),
    },
    order: {
      ...order,
      ...given('canaries', options.canaries === undefined ? undefined : await nodeIds(client, options.canaries)),
      ...given('canary_selector', selectorOf(options.canaryLabels)),
      ...given('spread', options.spread === undefined ? undefined : list(options.spread)),
    },
  });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw badUsage(`The strategy cannot be used: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? ''}.`);
}

const given = <T>(name: string, value: T | undefined): Record<string, T> => (value === undefined ? {} : { [name]: value });
const list = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
const nodeIds = (client: Client, text: string): Promise<string[]> => Promise.all(list(text).map((name) => nodeIdOf(client, name)));

function fileOf(path: string, from: Surroundings): RolloutStrategyInput {
  let content: unknown;
  try {
    content = JSON.parse(from.readFile(path));
  } catch (error) {
    throw error instanceof SyntaxError ? badUsage(`${path} is no JSON.`) : error;
  }
  const parsed = rolloutStrategy.safeParse(content);
  if (!parsed.success) throw badUsage(`${path} holds no strategy.`, 'See docs/rollouts.md.');
  return parsed.data;
}

function number(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw badUsage(`${text} is no number.`);
  return Number(text);
}

function share(text: string): number {
  const [, percent] = /^(\d{1,3}(?:\.\d{1,4})?)%$/.exec(text) ?? [];
  if (percent === undefined) throw badUsage(`${text} is no share.`, 'Such as 5%.');
  return Number(percent) / 100;
}

const waveOf = (text: string): { share: number } | { count: number } =>
  text.endsWith('%') ? { share: share(text) } : { count: number(text) ?? 0 };

function duration(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const found = seconds(text);
  if (found === null) throw badUsage(`${text} is no duration.`, 'Such as 90s, 10m, 1h.');
  return found;
}

function timeOf(text: string | undefined, from: Surroundings): string | undefined {
  if (text === undefined) return undefined;
  const distance = seconds(text);
  return distance === null ? text : new Date(from.now().getTime() + distance * 1000).toISOString();
}

function selectorOf(text: string | undefined): string | undefined {
  if (text !== undefined && !labelSelector.safeParse(text).success)
    throw badUsage(`${text} is no label selector.`, 'Such as site=bern,canary.');
  return text;
}
