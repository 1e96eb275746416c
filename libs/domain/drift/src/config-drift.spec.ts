import { describe, expect, it } from '@jest/globals';
import { environmentDrift, postureDrift, type DeclaredConfig } from './index.ts';

type Variable = DeclaredConfig['env'][number];
const variable = (name: string, change: Partial<Variable> = {}): Variable => ({
  name,
  description: '',
  required: false,
  secret: false,
  ...change,
});
const config = (env: Variable[], posture: DeclaredConfig['posture'] = {}): DeclaredConfig => ({ env, posture });
const node = (names: string[] = [], posture: DeclaredConfig['posture'] = {}) => ({ env_names: names, posture });

describe('environment drift', () => {
  it('is none between equal declarations', () => {
    const same = config([variable('PORT', { required: true })]);
    expect(environmentDrift(same, same, node(['PORT']))).toEqual({ added: [], removed: [], newly_required: [], missing: [] });
  });

  it('tells what is added, removed and newly required', () => {
    const running = config([variable('OLD'), variable('PORT'), variable('URL', { required: true })]);
    const candidate = config([variable('PORT', { required: true }), variable('URL', { required: true }), variable('NEW')]);
    const drift = environmentDrift(candidate, running, node(['URL', 'PORT', 'OLD']));
    expect(drift.added.map(({ name }) => name)).toEqual(['NEW']);
    expect(drift.removed).toEqual(['OLD']);
    expect(drift.newly_required).toEqual(['PORT']);
    expect(drift.missing).toEqual([]);
  });

  it('names what is required and not on the node, also with a default, and also when it was required before', () => {
    const candidate = config([variable('A', { required: true, default: 'x' }), variable('B', { required: true }), variable('C')]);
    expect(environmentDrift(candidate, config([variable('B', { required: true })]), node(['PATH'])).missing).toEqual(['A', 'B']);
  });

  it('takes the node’s names for what runs when the running release is not known', () => {
    const drift = environmentDrift(config([variable('NEW'), variable('PATH')]), null, node(['PATH']));
    expect(drift.added.map(({ name }) => name)).toEqual(['NEW']);
    expect(drift.removed).toBeNull();
  });

  it('never tells the default of a secret', () => {
    const candidate = config([variable('TOKEN', { secret: true, default: 'hunter2' }), variable('PORT', { default: '80' })]);
    const drift = environmentDrift(candidate, config([]), node());
    expect(drift.added.map(({ default: value }) => value)).toEqual([null, '80']);
    expect(JSON.stringify(drift)).not.toContain('hunter2');
  });

  it('misses nothing on a node that names as many variables as one may: there may be more', () => {
    const names = Array.from({ length: 500 }, (_, index) => `V${index}`);
    expect(environmentDrift(config([variable('A', { required: true })]), null, node(names)).missing).toEqual([]);
    expect(environmentDrift(config([variable('A', { required: true })]), null, node(names.slice(1))).missing).toEqual(['A']);
  });
});

describe('posture drift', () => {
  it('tells what is wanted and reported otherwise or not at all', () => {
    const candidate = config([], { selinux: 'enforcing', swap: false, cores: 2, tpm: true });
    expect(postureDrift(candidate, node([], { selinux: 'permissive', swap: false, cores: 2, more: 1 }))).toEqual([
      { name: 'selinux', wanted: 'enforcing', reported: 'permissive' },
      { name: 'tpm', wanted: true, reported: null },
    ]);
  });

  it('is not misled by names every object has', () => {
    expect(postureDrift(config([], { constructor: 'x' }), node())).toEqual([{ name: 'constructor', wanted: 'x', reported: null }]);
  });
});
