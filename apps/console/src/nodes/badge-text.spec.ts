import { describe, expect, it } from '@jest/globals';
import { ERRORS } from '@tidegate/contract-errors';
import { aNode, anUpgrade } from '../testing/views.ts';
import { badgeText, codeText, connectionText } from './badge-text.ts';

const withBadge = (badge: object, upgrade: unknown = null) =>
  badgeText(aNode({ badge: { kind: 'none', phase: null, to_version: null, error_code: null, since: null, ...badge }, upgrade }));
const fetching = (received: number, total: number) =>
  anUpgrade({ state: 'fetching', progress: { received_bytes: received, total_bytes: total } });

describe('the badge beside a version', () => {
  it('says nothing when nothing happened', () => expect(withBadge({})).toBeNull());

  it('names target and phase until the verdict', () => {
    expect(withBadge({ kind: 'upgrading', phase: 'rolling_back', to_version: '1.2.0' })).toMatchObject({
      text: 'upgrading to 1.2.0 · rolling back',
      tone: 'live',
      fraction: null,
    });
  });

  it.each([
    [424, 1000, '42 %', 0.424],
    [999, 1000, '99 %', 0.999],
    [2000, 1000, '100 %', 1],
  ])('shows %d of %d bytes as %s', (received, total, share, fraction) => {
    const badge = withBadge({ kind: 'upgrading', phase: 'fetching', to_version: '1.1.0' }, fetching(received, total));
    expect(badge).toMatchObject({ text: `upgrading to 1.1.0 · fetching ${share}`, fraction });
  });

  it('shows no share before the size is known', () => {
    expect(withBadge({ kind: 'upgrading', phase: 'fetching', to_version: '1.1.0' }, fetching(0, 0))?.fraction).toBeNull();
  });

  it.each([
    ['updated', 'updated', 'good'],
    ['upgrade_failed', 'upgrade failed', 'bad'],
    ['upgrade_refused', 'upgrade refused', 'caution'],
    ['rolled_back', 'rolled back', 'bad'],
  ])('%s reads "%s"', (kind, text, tone) => expect(withBadge({ kind })).toMatchObject({ text, tone }));

  it('carries code, meaning and hint of a failure', () => {
    const entry = ERRORS.upgrade_checksum_mismatch;
    expect(withBadge({ kind: 'upgrade_failed', error_code: 'upgrade_checksum_mismatch' })?.error).toEqual({
      code: 'upgrade_checksum_mismatch',
      meaning: entry.meaning,
      hint: entry.hint,
    });
  });

  it('shows a code of a newer node as it is', () => expect(codeText('upgrade_of_tomorrow').code).toBe('upgrade_of_tomorrow'));

  it('does not call a node that restarts into its upgrade an outage', () => {
    expect(connectionText('respawning').tone).not.toBe(connectionText('offline').tone);
  });
});
