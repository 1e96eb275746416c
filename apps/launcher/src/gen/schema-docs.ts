import { z } from 'zod';
import { page, table } from './markdown.ts';

/** The parts of a JSON Schema that a reader of a table wants to know. */
export interface Schema {
  readonly type?: string;
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly items?: Schema;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: Schema | boolean;
  readonly required?: readonly string[];
  readonly default?: unknown;
  readonly format?: string;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

/** What is accepted, not what a parser returns: a sender reads this. */
export const jsonSchema = (schema: z.ZodType): Schema => z.toJSONSchema(schema, { io: 'input', reused: 'inline' }) as Schema;
export const schemaFile = (schema: z.ZodType): string => `${JSON.stringify(jsonSchema(schema), null, 2)}\n`;

const ANY_INTEGER = [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];
const range = (low: number | undefined, high: number | undefined, unit = ''): string => {
  const [from, to] = [low, high].map((bound) => (bound === undefined || ANY_INTEGER.includes(bound) ? '' : String(bound)));
  if (!from && !to) return '';
  return ` (${from && to ? `${from} to ${to}` : from ? `at least ${from}` : `at most ${to}`}${unit})`;
};

/** One line that says what a value must be. */
export function typeWords(schema: Schema): string {
  if (schema.const !== undefined) return `\`${JSON.stringify(schema.const)}\``;
  if (schema.enum) return schema.enum.map((value) => `\`${JSON.stringify(value)}\``).join(', ');
  const choices = schema.anyOf ?? schema.oneOf;
  if (choices) return choices.map(typeWords).join(' or ');
  if (schema.type === 'array') return `list of ${typeWords(schema.items ?? {})}${range(schema.minItems, schema.maxItems, ' entries')}`;
  if (schema.type === 'object') {
    if (schema.properties) return `object (${Object.keys(schema.properties).join(', ')})`;
    return `map to ${typeof schema.additionalProperties === 'object' ? typeWords(schema.additionalProperties) : 'any value'}`;
  }
  if (schema.type === 'string') {
    const shape = schema.pattern === undefined || schema.format !== undefined ? '' : ` matching \`${schema.pattern}\``;
    return `string${schema.format ? `, ${schema.format}` : ''}${range(schema.minLength, schema.maxLength, ' characters')}${shape}`;
  }
  return `${schema.type ?? 'any value'}${range(schema.minimum, schema.maximum)}`;
}

/** A row per field, nested ones by path; a list's entries are `name[]`. */
function fieldRows(schema: Schema, prefix = ''): readonly (readonly string[])[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const needed = field.default === undefined && schema.required?.includes(name) ? 'yes' : '';
    const preset = field.default === undefined ? '' : `\`${JSON.stringify(field.default)}\``;
    const inner = field.type === 'array' ? field.items : field;
    const below = inner?.properties ? fieldRows(inner, `${prefix}${name}${inner === field ? '' : '[]'}.`) : [];
    return [[`\`${prefix}${name}\``, typeWords(field), needed, preset], ...below];
  });
}

/** The fields of a schema as a table; of each variant, when it is a choice between objects. */
export function fieldTable(schema: z.ZodType | Schema): string {
  const json = schema instanceof z.ZodType ? jsonSchema(schema) : schema;
  const variants = json.oneOf ?? json.anyOf;
  if (variants?.every((variant) => variant.properties)) return variants.map(fieldTable).join('\n\n');
  if (!json.properties) return typeWords(json);
  return table(['field', 'value', 'required', 'default'], fieldRows(json));
}

export interface Documented {
  readonly schema: z.ZodType;
  readonly doc: string;
  readonly direction?: string;
}

/** A page with a section per schema of a record. */
export function recordPage(title: string, source: string, intro: readonly string[], record: Readonly<Record<string, Documented>>): string {
  const sections = Object.entries(record).flatMap(([name, { schema, doc, direction }]) => [
    `## \`${name}\``,
    direction === undefined ? doc : `*${direction}.* ${doc}`,
    fieldTable(schema),
  ]);
  return page(title, source, ...intro, ...sections);
}
