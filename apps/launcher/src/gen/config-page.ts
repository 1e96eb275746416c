import type { ManagerReference } from './manager-reference.ts';
import { page, table } from './markdown.ts';
import { typeWords, type Schema } from './schema-docs.ts';

interface Leaf {
  readonly path: string;
  readonly schema: Schema;
  readonly required: boolean;
}

/** Settings by path; a list of objects is one, and its entries' are `name[]`. */
function leavesOf(schema: Schema, prefix = '', within = true): Leaf[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]): Leaf[] => {
    const path = `${prefix}${name}`;
    const required = within && field.default === undefined && (schema.required?.includes(name) ?? false);
    if (field.properties) return leavesOf(field, `${path}.`, required);
    const entries = field.items?.properties ? leavesOf(field.items, `${path}[].`) : [];
    return [{ path, schema: field, required }, ...entries];
  });
}

const typeOf = (schema: Schema): string => (schema.items?.properties ? 'list of objects' : typeWords(schema));

/** `docs/manager-config.md` */
export function configPage({ config }: ManagerReference): string {
  const leaves = leavesOf(config.schema);
  const rows = leaves.map(({ path, schema, required }) => [
    `\`${path}\``,
    config.meanings[path] ?? '',
    typeOf(schema),
    schema.default === undefined ? (required ? 'required' : '') : `\`${JSON.stringify(schema.default)}\``,
    config.environment[path] === undefined ? '' : `\`${config.environment[path]}\``,
  ]);
  return page(
    'Configuration of the manager',
    'apps/manager/src/platform',
    'One JSON file, named with `--config`. The environment wins over it, setting by setting; a list is given there whole, as JSON. Unknown keys are refused. `tidegate-manager config check` says whether a file can be used, `config print` what counts in the end.',
    table(['setting', 'meaning', 'value', 'default', 'environment'], rows),
  );
}
