import { describe, expect, it } from '@jest/globals';
import { outcomeOf, reasonOf, type CheckFacts } from './check-outcome.ts';

const has = (version: string, inChannel = true) => ({ version, inChannel });

describe('the outcome of an upgrade check', () => {
  it.each<[Partial<CheckFacts>, string, string]>([
    [{ hasSource: false }, 'not-release-sourced', 'no_source'],
    [{ hasSource: false, running: null }, 'not-release-sourced', 'no_source'],
    [{ running: null }, 'unknown', 'node_never_reported'],
    [{ running: 'dev-build' }, 'unknown', 'version_not_comparable'],
    [{ asked: '1.0.0', listed: 'unknown' }, 'up-to-date', 'same_version'],
    [{ asked: '1.0.0', listed: 'no' }, 'up-to-date', 'same_version'],
    [{ asked: '1.1.0', listed: 'unknown' }, 'unknown', 'source_unavailable'],
    [{ asked: '1.1.0', listed: 'no' }, 'product-not-found', 'version_not_listed'],
    [{ asked: '1.1.0', listed: has('1.1.0', false) }, 'product-not-found', 'version_in_other_channel'],
    [{ asked: '1.1.0', listed: has('1.1.0') }, 'upgrade-available', 'newer'],
    [{ asked: '1.10.0', running: '1.9.0', listed: has('1.10.0') }, 'upgrade-available', 'newer'],
    [{ asked: '0.9.0', listed: has('0.9.0') }, 'upgrade-available', 'older'],
    [{ asked: '1.0.0-rc.1', listed: has('1.0.0-rc.1') }, 'upgrade-available', 'older'],
    [{ asked: null, listed: 'unknown' }, 'unknown', 'source_unavailable'],
    [{ asked: null, listed: 'no' }, 'product-not-found', 'channel_empty'],
    [{ asked: null, listed: has('1.1.0') }, 'upgrade-available', 'newer'],
    [{ asked: null, listed: has('1.0.0') }, 'up-to-date', 'same_version'],
    [{ asked: null, listed: has('0.9.0') }, 'up-to-date', 'running_newer'],
  ])('%j is %s because of %s', (change, outcome, reason) => {
    const facts = { hasSource: true, running: '1.0.0', asked: null, listed: 'no' as const, ...change };
    expect([outcomeOf(reasonOf(facts)), reasonOf(facts)]).toEqual([outcome, reason]);
  });
});
