import { expect, it } from '@jest/globals';
import { CONFIG_MEANINGS } from './config-meanings.ts';
import { configSchema } from './shown-config.ts';

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
}

const settingsOf = (schema: Schema, prefix = ''): string[] =>
  Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const path = `${prefix}${name}`;
    if (field.properties) return settingsOf(field, `${path}.`);
    return [path, ...(field.items?.properties ? settingsOf(field.items, `${path}[].`) : [])];
  });

it('says what every setting is for, and of no other', () => {
  expect(Object.keys(CONFIG_MEANINGS).toSorted()).toEqual(settingsOf(configSchema()).toSorted());
  expect(Object.entries(CONFIG_MEANINGS).filter(([, meaning]) => meaning === '')).toEqual([]);
});
