import { describe, expect, it } from '@jest/globals';
import { rolloutStrategy, type Exclusion, type RolloutStrategyInput } from '@tidegate/contract-api';
import fc from 'fast-check';
import { planWaves, type Candidate } from './wave-plan.ts';

const node = (id: string, change: Partial<Candidate> = {}): Candidate => ({
  id,
  online: true,
  version: '1.0.0',
  os: 'linux',
  arch: 'x64',
  labels: {},
  capable: true,
  channels: null,
  maintenance: false,
  quarantined: false,
  revoked: false,
  pinnedTo: null,
  ...change,
});
const many = (count: number, change: (index: number) => Partial<Candidate> = () => ({})): Candidate[] =>
  Array.from({ length: count }, (_, index) => node(`n${String(index).padStart(4, '0')}`, change(index)));
const plan = (nodes: readonly Candidate[], strategy: RolloutStrategyInput = {}, rolloutId = 'r1') =>
  planWaves({ rolloutId, version: '1.1.0', channel: 'stable', strategy: rolloutStrategy.parse(strategy) }, nodes);
const sizes = (nodes: readonly Candidate[], strategy: RolloutStrategyInput = {}) =>
  plan(nodes, strategy).waves.map(({ nodeIds }) => nodeIds.length);

describe('the sizes of waves', () => {
  it.each([
    [0, []],
    [1, [1]],
    [2, [1, 1]],
    [3, [1, 1, 1]],
    [6, [1, 2, 3]],
    [10, [1, 4, 5]],
    [30, [3, 12, 15]],
    [100, [10, 40, 50]],
  ])('of %i nodes by the default shares are %j', (count, expected) => {
    expect(sizes(many(count))).toEqual(expected);
  });

  it.each<[string, RolloutStrategyInput, number[]]>([
    ['immediate is one wave', { kind: 'immediate' }, [100]],
    ['counts are cumulative', { waves: [{ count: 1 }, { count: 11 }, { share: 1 }] }, [1, 10, 89]],
    ['what the last wave leaves over is one more', { waves: [{ share: 0.25 }] }, [25, 75]],
    ['a share that binary numbers cannot hold is still exact', { waves: [{ share: 0.07 }, { share: 1 }] }, [7, 93]],
  ])('%s', (_, strategy, expected) => expect(sizes(many(100), strategy)).toEqual(expected));
});

describe('the order of nodes', () => {
  it('is the same whatever order they come in, and another for another rollout', () => {
    const nodes = many(50);
    expect(plan([...nodes].reverse())).toEqual(plan(nodes));
    expect(plan(nodes, {}, 'r2').waves[0]).not.toEqual(plan(nodes).waves[0]);
  });

  it('puts named and selected canaries first, all of them', () => {
    const [named, other] = ['00000000-0000-4000-8000-000000000001', '00000000-0000-4000-8000-000000000002'];
    const nodes = [...many(30, (index) => (index < 3 ? { labels: { ring: 'early' } } : {})), node(named), node(other)];
    const { waves } = plan(nodes, { order: { canaries: [named, other], canary_selector: 'ring=early' } });
    expect(waves[0]?.nodeIds.toSorted()).toEqual([named, other, 'n0000', 'n0001', 'n0002']);
  });

  it('fills the first wave with nodes that are online', () => {
    const { waves } = plan(many(30, (index) => ({ online: index >= 25 })));
    expect(waves[0]?.nodeIds.every((id) => id >= 'n0025')).toBe(true);
  });

  it('goes by a label’s values, nodes without it last', () => {
    const nodes = many(9, (index) => (index < 6 ? { labels: { tier: index < 3 ? '1' : '2' } } : {}));
    const { waves } = plan(nodes, { waves: [{ count: 3 }, { count: 6 }, { share: 1 }], order: { by_label: 'tier' } });
    expect(waves.map(({ nodeIds }) => nodeIds.toSorted())).toEqual([
      ['n0000', 'n0001', 'n0002'],
      ['n0003', 'n0004', 'n0005'],
      ['n0006', 'n0007', 'n0008'],
    ]);
  });

  it('spreads each kind over every wave', () => {
    const nodes = many(100, (index) => ({ arch: index < 20 ? 'arm64' : 'x64' }));
    const armIn = (ids: readonly string[] = []) => ids.filter((id) => id < 'n0020').length;
    expect(plan(nodes, { order: { spread: ['arch'] } }).waves.map(({ nodeIds }) => armIn(nodeIds))).toEqual([2, 8, 10]);
  });
});

describe('who is left out', () => {
  it.each<[Exclusion, Partial<Candidate>]>([
    ['revoked', { revoked: true }],
    ['quarantined', { quarantined: true }],
    ['in_maintenance', { maintenance: true }],
    ['no_capability', { capable: false }],
    ['channel_not_allowed', { channels: ['beta'] }],
    ['pinned', { pinnedTo: '1.0.0' }],
    ['already_there', { version: '1.1.0' }],
  ])('%s', (reason, change) => {
    expect(plan([node('a', change), node('b')])).toMatchObject({ waves: [{ nodeIds: ['b'] }], excluded: [{ nodeId: 'a', reason }] });
  });

  it('names the gravest reason', () => {
    expect(plan([node('a', { revoked: true, version: '1.1.0' })]).excluded).toEqual([{ nodeId: 'a', reason: 'revoked' }]);
  });
});

it('places every node exactly once, in a wave that is not empty, or leaves it out with a reason', () => {
  const candidate = fc.record({ online: fc.boolean(), maintenance: fc.boolean(), arch: fc.constantFrom('x64', 'arm64') });
  const shares = fc
    .uniqueArray(fc.integer({ min: 1, max: 100 }), { minLength: 1, maxLength: 5 })
    .map((list) => list.toSorted((a, b) => a - b));
  fc.assert(
    fc.property(fc.array(candidate, { maxLength: 200 }), shares, fc.boolean(), (list, percents, isSpread) => {
      const nodes = list.map((change, index) => node(`n${index}`, change));
      const strategy = {
        waves: percents.map((percent) => ({ share: percent / 100 })),
        order: { spread: isSpread ? ['arch' as const] : [] },
      };
      const { waves, excluded } = plan(nodes, strategy);
      expect(waves.every(({ nodeIds }) => nodeIds.length > 0)).toBe(true);
      const placed = [...waves.flatMap(({ nodeIds }) => nodeIds), ...excluded.map(({ nodeId }) => nodeId)];
      expect(placed.toSorted()).toEqual(nodes.map(({ id }) => id).toSorted());
    }),
  );
});
