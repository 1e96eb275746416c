import { describe, expect, it } from '@jest/globals';
import { EXPLANATIONS, type ExplanationCode, type NodeView, type UpgradeCheck, type UpgradeView } from '@tidegate/contract-api';
import { explainCheck, explainStanding } from './explain-node.ts';

const AT = '2026-11-02T09:00:00.000Z';
const node = (change: object = {}): NodeView =>
  ({ connection: 'online', capabilities: ['upgrade'], upgrade: null, enrolled_at: AT, last_seen_at: AT, ...change }) as unknown as NodeView;
const running = (state: string, step: object = {}): UpgradeView =>
  ({
    action: 'upgrade',
    state,
    version: '1.1.0',
    channel: 'stable',
    finished_at: null,
    steps: [{ state, at: AT, ...step }],
  }) as unknown as UpgradeView;
const ended = (state: string, error_code: string | null, more: object = {}): UpgradeView => ({
  ...running(state),
  error_code,
  error_details: {},
  finished_at: AT,
  ...more,
});
const check = (change: object = {}): UpgradeCheck =>
  ({
    outcome: 'upgrade-available',
    reason: 'newer',
    version: '1.1.0',
    channel: 'stable',
    expected_refusals: [],
    ...change,
  }) as unknown as UpgradeCheck;
const codeOf = (given: NodeView, checked: UpgradeCheck = check()): ExplanationCode =>
  (explainStanding(given) ?? explainCheck(given, checked)).code;

/** The rows of docs/explain.md, each by the least that makes it the answer. */
const TABLE: readonly (readonly [ExplanationCode, NodeView, UpgradeCheck?])[] = [
  ['node_removed', node({ removed_at: AT, revoked_at: AT })],
  ['node_revoked', node({ revoked_at: AT, quarantine: { since: AT } })],
  ['node_quarantined', node({ quarantine: { since: AT }, upgrade: running('queued') })],
  ['waits_for_node', node({ upgrade: running('queued'), connection: 'offline' })],
  ['waits_for_node', node({ upgrade: running('sent'), connection: 'offline' })],
  ['waits_for_answer', node({ upgrade: running('sent') })],
  ['staged_for_person', node({ upgrade: running('staged', { waits_for: 'person' }), connection: 'respawning' })],
  ['staged', node({ upgrade: running('staged') })],
  ['respawning', node({ upgrade: running('staged'), connection: 'respawning' })],
  ['respawning', node({ upgrade: running('activating'), connection: 'respawning' })],
  ['on_trial', node({ upgrade: running('trial') })],
  ['trial_unheard', node({ upgrade: running('trial'), connection: 'respawning' })],
  ['going_back', node({ upgrade: running('rolling_back') })],
  ['in_progress', node({ upgrade: running('fetching') })],
  ['node_never_connected', node({ connection: 'never' })],
  ['node_offline', node({ connection: 'offline', maintenance: { since: AT } })],
  ['node_stale', node({ connection: 'stale' })],
  ['no_upgrade_module', node({ capabilities: [] })],
  ['in_maintenance', node({ maintenance: { since: AT, reason: 'a new fan' } })],
  ['no_release_source', node(), check({ reason: 'no_source', outcome: 'not-release-sourced' })],
  ['source_unavailable', node(), check({ reason: 'source_unavailable', outcome: 'unknown' })],
  ['version_unknown', node(), check({ reason: 'channel_empty', outcome: 'product-not-found' })],
  ['version_not_comparable', node(), check({ reason: 'version_not_comparable', outcome: 'unknown' })],
  ['check_failed', node(), check({ reason: 'check_failed', outcome: 'unknown' })],
  ['behind_statements', node({ behind_sequence: true }), check({ reason: 'same_version', outcome: 'up-to-date' })],
  ['newest_runs', node({ upgrade: ended('refused', 'upgrade_disabled') }), check({ reason: 'same_version', outcome: 'up-to-date' })],
  ['disabled_by_policy', node({ upgrade: ended('refused', 'upgrade_disabled', { version: '1.0.9' }) })],
  ['channel_not_allowed', node({ upgrade: ended('refused', 'upgrade_channel_not_allowed', { version: '1.0.9' }) })],
  ['on_skip_list', node({ upgrade: ended('refused', 'upgrade_skipped_version') })],
  ['on_skip_list', node({ upgrade: ended('rolled_back', 'upgrade_rolled_back') })],
  ['last_failed', node({ upgrade: ended('rolled_back', 'upgrade_rolled_back', { error_details: { reason: 'manager_unreachable' } }) })],
  ['rate_limited', node({ upgrade: ended('refused', 'upgrade_rate_limited') })],
  ['last_refused', node({ upgrade: ended('refused', 'upgrade_major_not_allowed') })],
  ['last_cancelled', node({ upgrade: ended('refused', 'upgrade_cancelled') })],
  ['last_failed', node({ upgrade: ended('failed', 'upgrade_disk_full') }), check({ expected_refusals: ['upgrade_env_missing'] })],
  [
    'would_be_refused',
    node({ upgrade: ended('committed', null, { version: '1.0.0' }) }),
    check({ expected_refusals: ['upgrade_env_missing'] }),
  ],
  ['not_requested', node()],
  ['not_requested', node({ upgrade: ended('refused', 'upgrade_channel_not_allowed', { channel: 'beta', version: '1.2.0-beta.1' }) })],
  ['not_requested', node({ upgrade: ended('failed', 'upgrade_disk_full', { version: '1.0.9' }) })],
  ['not_requested', node({ upgrade: ended('failed', 'upgrade_disk_full', { action: 'return' }) })],
];

describe('why a node is not upgraded', () => {
  it.each(TABLE.map(([code, given, checked]) => ({ code, given, checked })))('$code', ({ code, given, checked }) => {
    expect(codeOf(given, checked)).toBe(code);
  });

  it('has a case for every row of the table', () => {
    expect(new Set(TABLE.map(([code]) => code))).toEqual(new Set(Object.keys(EXPLANATIONS)));
  });

  it('says since when', () => {
    expect(explainStanding(node({ upgrade: running('trial') }))).toMatchObject({ since: AT });
    expect(explainCheck(node({ upgrade: ended('failed', 'upgrade_disk_full') }), check())).toMatchObject({
      since: AT,
      errorCode: 'upgrade_disk_full',
    });
  });
});
