import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import { ERRORS } from '@tidegate/contract-errors';
import { helpFor } from '../src/commands/help.ts';
import { EXIT } from '../src/exit-codes.ts';
import { CONFIG_MEANINGS } from './config-meanings.ts';
import { withTables } from './edge-docs.ts';

const PAGE = readFileSync(join(import.meta.dirname, '../../../docs/edge.md'), 'utf8');

/** The formatter pads cells. */
const plain = (page: string): string =>
  page
    .replace(/ *\| */g, '|')
    .replace(/-{3,}/g, '---')
    .replace(/\n{2,}/g, '\n');

describe('docs/edge.md', () => {
  it('has the configuration and the routes that the code has; make-edge-docs.ts corrects it', () => {
    expect(plain(withTables(PAGE))).toBe(plain(PAGE));
  });

  it('names a meaning for every key', () => {
    const keys = PAGE.split('\n').filter((line) => /^\| `(name|manager|source|upgrade|local_api)/.test(line));
    expect(keys.length).toBeGreaterThanOrEqual(35);
    expect(keys.filter((line) => /\|\s*\|$/.test(line))).toEqual([]);
    for (const key of Object.keys(CONFIG_MEANINGS)) expect(PAGE).toContain(`| \`${key}\``);
  });

  it('lists every exit code and every command of the help', () => {
    for (const code of Object.values(EXIT)) expect(plain(PAGE)).toContain(`\n|${code}|`);
    const commands = [...helpFor('').matchAll(/^ {2}([a-z]+(?: [a-z]+)?)/gm)].map(([, name]) => name ?? '');
    expect(commands).toContain('config print');
    for (const name of commands) expect(PAGE).toContain(`\`${name}`);
  });

  it('names no code that does not exist', () => {
    const named = [...PAGE.matchAll(/`((?:upgrade|local|request|root|agent|config|media|method)_[a-z_]+)`/g)].map(([, code]) => code ?? '');
    const keys = new Set([...plain(PAGE).matchAll(/^\|`([^`]+)`\|/gm)].flatMap(([, key]) => key?.split('.') ?? []));
    expect(named.filter((code) => !(code in ERRORS) && !keys.has(code))).toEqual([]);
  });
});
