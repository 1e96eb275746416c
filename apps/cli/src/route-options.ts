import { routeOf, type RouteName } from '@tidegate/contract-api';
import { InvalidArgumentError, Option } from 'commander';
import { z } from 'zod';
import type { Client } from './client.ts';
import { groupIdOf, nodeIdOf } from './names.ts';
import { seconds } from './time.ts';

interface Property {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly anyOf?: readonly Property[];
  readonly items?: Property;
  readonly format?: string;
  readonly default?: unknown;
  readonly minimum?: number;
  readonly maximum?: number;
}

/** An option of the command line that fills one field of a request. */
export interface Field {
  readonly name: string;
  readonly place: 'query' | 'body';
  readonly property: Property;
  readonly required: boolean;
  readonly nullable: boolean;
}

/** A name is as good as an id here, so the flag does not say id. */
const FLAGS: Readonly<Record<string, string>> = { node_id: 'node', node_ids: 'nodes', group_ids: 'groups' };
const flagOf = (name: string): string => (FLAGS[name] ?? name).replaceAll('_', '-');
const camel = (name: string): string => name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

/** The fields of a route's query and body, as its schemas say; `taken` are filled by the command itself. */
export function fieldsOf(name: RouteName, taken: readonly string[]): readonly Field[] {
  const { query, body } = routeOf(name);
  return [...fieldsIn('query', query), ...fieldsIn('body', body)].filter((field) => !taken.includes(field.name));
}

function fieldsIn(place: 'query' | 'body', schema: z.ZodType | undefined): Field[] {
  if (!schema) return [];
  const { properties = {}, required = [] } = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as {
    properties?: Record<string, Property>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, given]) => {
    const choices = given.anyOf?.filter(({ type }) => type !== 'null') ?? [];
    const nullable = given.anyOf !== undefined && choices.length < given.anyOf.length;
    return { name, place, property: choices.length === 1 ? { ...choices[0] } : given, required: required.includes(name), nullable };
  });
}

/** What the schemas cannot say: they hold no sentences. */
const SAYS: Readonly<Record<string, string>> = {
  limit: 'so many at most',
  cursor: 'go on where the page before ended',
  search: 'part of the name',
  group: 'name of a group',
  node_id: 'name or id of a node',
  node_ids: 'names or ids of nodes, with commas',
  group_ids: 'names or ids of groups, with commas',
  labels: 'all of these: key=value,key',
  device_type: 'product that the node runs',
  version: 'exact version',
  from: 'since this time, or as long ago: 2h, 7d',
  to: 'until this time, or as long ago',
  until: 'until this time, or for so long: 2h, 7d',
  expires_at: 'from this time on, or after so long: 12h, 30d',
  ttl_secs: 'valid for so long: 30m, 12h, 7d',
  ttl_days: 'valid for so many days',
  reason: 'one line for those who look later',
  queue: 'accept it for a node that is offline',
  severity: 'this or a graver one',
  scopes: 'with commas',
  issuer: 'of the tokens; without, the provider of the manager',
  display_name: 'shown instead of the name that the node gives itself',
  by_label: 'count by the values of this label, too',
};

export function optionOf(field: Field): Option {
  const { name, property, required, nullable } = field;
  const flag = `--${flagOf(name)}`;
  const says = SAYS[name] ?? name.replaceAll('_', ' ');
  if (property.type === 'boolean' && property.default === false) return new Option(flag, says);
  const option = new Option(`${flag} <${wordFor(field)}>`, nullable ? `${says}; none: take it away` : says);
  if (required) option.makeOptionMandatory();
  const choices = property.type === 'boolean' ? ['true', 'false'] : property.enum;
  if (choices) return option.choices(nullable ? [...choices, 'none'] : choices);
  if (property.items?.enum) option.description = `${says}: ${property.items.enum.join(', ')}`;
  if (property.type === 'integer' && !name.endsWith('_secs')) option.argParser(integerWithin(property));
  return option;
}

const wordFor = ({ name, property }: Field): string => {
  if (property.format === 'date-time') return 'time';
  if (name.endsWith('_secs')) return 'duration';
  return property.type === 'integer' ? 'number' : property.type === 'array' ? 'list' : name.split('_').at(-1) === 'id' ? 'name' : 'text';
};

const integerWithin =
  ({ minimum = 0, maximum = Number.MAX_SAFE_INTEGER }: Property) =>
  (text: string): number => {
    const number = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
    if (number >= minimum && number <= maximum) return number;
    throw new InvalidArgumentError(`It has to be a number from ${minimum} to ${maximum}.`);
  };

/** Times to come; every other one has been. */
const AHEAD = new Set(['until', 'expires_at']);

/** The query and the body that the options stand for. */
export async function filled(
  fields: readonly Field[],
  options: Readonly<Record<string, unknown>>,
  client: Client,
  now: Date,
): Promise<{ query: Record<string, unknown>; body: Record<string, unknown> }> {
  const parts = { query: {} as Record<string, unknown>, body: {} as Record<string, unknown> };
  for (const field of fields) {
    const given = options[camel(FLAGS[field.name] ?? field.name)];
    if (given !== undefined) parts[field.place][field.name] = await valueOf(field, given, client, now);
  }
  return parts;
}

async function valueOf({ name, property, nullable, place }: Field, given: unknown, client: Client, now: Date): Promise<unknown> {
  if (typeof given !== 'string') return given;
  if (nullable && given === 'none') return null;
  if (name === 'node_id') return await nodeIdOf(client, given);
  if (name === 'node_ids') return await Promise.all(listed(given).map((one) => nodeIdOf(client, one)));
  if (name === 'group_ids') return await Promise.all(listed(given).map((one) => groupIdOf(client, one)));
  if (property.type === 'array') return listed(given);
  if (property.type === 'boolean') return given === 'true';
  if (property.type === 'integer' && place === 'body') return seconds(given) ?? given;
  if (property.format !== 'date-time') return given;
  const distance = seconds(given);
  return distance === null ? given : new Date(now.getTime() + (AHEAD.has(name) ? 1 : -1) * distance * 1000).toISOString();
}

const listed = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');
