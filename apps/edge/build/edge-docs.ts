import { z } from 'zod';
import { edgeConfig } from '../src/config/edge-config.ts';
import { routesOf } from '../src/local-api/routes.ts';
import { CONFIG_MEANINGS } from './config-meanings.ts';

/** The tables of docs/edge.md that the code itself knows: between these two lines of their own. */
const begin = (name: string): string => `<!-- ${name}: from the code, by apps/edge/build/make-edge-docs.ts -->`;
const END = '<!-- end -->';

/** The page with its tables as they must be. Throws when a table's place is missing. */
export function withTables(page: string): string {
  const tables = { configuration: configTable(), routes: routeTable() };
  return Object.entries(tables).reduce((text, [name, table]) => {
    const from = text.indexOf(begin(name));
    const to = text.indexOf(END, from);
    if (from < 0 || to < 0) throw new Error(`docs/edge.md has no place for ${name}`);
    return `${text.slice(0, from)}${begin(name)}\n\n${table}\n\n${text.slice(to)}`;
  }, page);
}

interface Property {
  readonly default?: unknown;
  readonly type?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly enum?: readonly unknown[];
  readonly items?: Property;
  readonly anyOf?: readonly Property[];
  readonly properties?: Readonly<Record<string, Property>>;
}

const configTable = (): string => {
  const schema = z.toJSONSchema(edgeConfig, { io: 'input', unrepresentable: 'any' }) as Property;
  const rows = propertyRows(schema);
  return ['| key | value | default | meaning |', '|---|---|---|---|', ...rows].join('\n');
};

function propertyRows(schema: Property, path = ''): string[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, property]) => {
    const key = path === '' ? name : `${path}.${name}`;
    const inner = property.anyOf?.find((one) => one.type !== 'null') ?? property;
    const meaning = CONFIG_MEANINGS[key];
    const row = `| \`${key}\` | ${valueOf(inner)} | ${defaultOf(property)} | ${meaning ?? ''} |`;
    // A mirror has the keys of `source`; they are not listed twice.
    return [...(meaning === undefined && inner.properties ? [] : [row]), ...propertyRows(inner, key)];
  });
}

function valueOf({ type, minimum, maximum, enum: members, items }: Property): string {
  if (members) return members.map((one) => `\`${String(one)}\``).join(', ');
  if (type === 'array') return items?.properties ? 'list of sources' : 'list';
  if (type !== 'integer') return type === 'boolean' ? 'true, false' : type === 'object' ? 'object' : 'text';
  const bounded = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER;
  return bounded ? `${minimum ?? 0} to ${maximum}` : `${minimum ?? 0} or more`;
}

const defaultOf = (property: Property): string => {
  if (property.default === undefined || property.default === null) return 'none';
  return `\`${JSON.stringify(property.default)}\``;
};

const routeTable = (): string => {
  // The table needs the routes' names only; nothing is asked of the engine.
  const routes = routesOf({} as Parameters<typeof routesOf>[0]);
  const rows = routes.map(
    ({ method, path, summary, open }) => `| \`${method} ${path.replace(':id', '{id}')}\` | ${open ? 'no' : 'yes'} | ${summary} |`,
  );
  return ['| route | token | answers |', '|---|---|---|', ...rows].join('\n');
};
