import { describe, expect, it } from '@jest/globals';
import { rolloutStrategy } from '@tidegate/contract-api';
import { NEW_DRAFT, readDraft, type StrategyDraft } from './strategy-draft.ts';

const read = (change: Partial<StrategyDraft>) => readDraft({ ...NEW_DRAFT, ...change });

describe('a strategy as it is typed', () => {
  it('begins with what the manager does by itself, and says so unchanged', () =>
    expect(rolloutStrategy.parse(readDraft(NEW_DRAFT).strategy)).toEqual(rolloutStrategy.parse({})));

  it.each([
    [{ waves: '1, 20 ,100%' }, { waves: [{ count: 1 }, { count: 20 }, { share: 1 }] }],
    [{ waves: '2.5%,100 %' }, { waves: [{ share: 0.025 }, { share: 1 }] }],
    [{ settle: '90s' }, { settle_secs: 90 }],
    [
      { settle: '2h', nodeTimeout: '1d' },
      { settle_secs: 7200, node_timeout_secs: 86_400 },
    ],
    [{ threshold: '3' }, { failure_threshold: { max_failures: 3, max_share: null, min_sample: 1 } }],
    [{ threshold: '5%', minSample: '20' }, { failure_threshold: { max_failures: 0, max_share: 0.05, min_sample: 20 } }],
    [{ maxInFlight: '' }, { max_in_flight: null }],
    [{ maxInFlight: '10' }, { max_in_flight: 10 }],
    [{ approval: 'every_wave', secondPerson: true } as const, { approval: 'every_wave', second_person: true }],
    [{ secondPerson: true }, { approval: 'none', second_person: false }],
    [{ autoRollback: true }, { auto_rollback: true }],
    [{ canaryLabels: 'site=bern' }, { order: { canaries: [], canary_selector: 'site=bern', by_label: null, spread: [] } }],
  ] as const)('%j asks for %j', (change, asked) => expect(read(change).strategy).toMatchObject(asked));

  it('never takes waves along that one wave of everybody would not use', () =>
    expect(read({ kind: 'immediate', waves: 'nonsense' }).strategy).toMatchObject({ kind: 'immediate' }));

  it.each([
    ['waves', '50%, 10%'],
    ['waves', ''],
    ['waves', '10%, many'],
    ['waves', '0%'],
    ['settle', '5'],
    ['settle', '-5m'],
    ['settle', '400d'],
    ['threshold', ''],
    ['threshold', 'any'],
    ['threshold', '100%'],
    ['threshold', '-1'],
    ['maxInFlight', '0'],
    ['nodeTimeout', '1s'],
    ['catchUp', 'never'],
    ['canaryLabels', '=bern'],
    ['note', 'x'.repeat(501)],
  ] as const)('refuses for %s what reads %j, and says so there', (field, text) => {
    const { strategy, faults } = read({ [field]: text });
    expect(strategy).toBeNull();
    expect(Object.keys(faults)).toEqual([field]);
  });

  it('refuses a share that is judged from no node at all', () =>
    expect(Object.keys(read({ threshold: '5%', minSample: '0' }).faults)).toEqual(['minSample']));
});
