import { describe, expect, it } from '@jest/globals';
import { ATTEMPT_STATES, TERMINAL_STATES } from '@tidegate/contract-events';
import { advance, canCancel, hasEnded, type UpgradeRecord, type UpgradeReport } from './upgrade-life.ts';

const now = new Date('2026-11-02T09:00:00Z');
const record = (change: Partial<UpgradeRecord> = {}): UpgradeRecord => ({
  id: 'u',
  nodeId: 'n',
  groupId: 'g',
  action: 'upgrade',
  version: '1.1.0',
  channel: 'stable',
  fromVersion: '1.0.0',
  expectedManifestSha256: null,
  retrySkipped: false,
  state: 'queued',
  progress: null,
  attemptId: null,
  errorCode: null,
  errorDetails: {},
  requestedBy: 'admin',
  requestedAt: now,
  deadlineAt: now,
  finishedAt: null,
  steps: [],
  ...change,
});
const moved = (state: 'sent' | 'accepted' | 'fetching' | 'staged' | 'trial', more: object = {}): UpgradeReport => ({
  kind: 'moved',
  state,
  ...more,
});

describe('advance', () => {
  it('moves forward and notes the step', () => {
    expect(advance(record(), moved('staged'), now)).toMatchObject({ state: 'staged', steps: [{ state: 'staged', at: now.toISOString() }] });
  });

  it('says nothing new about a state that was passed', () => {
    expect(advance(record({ state: 'staged' }), moved('fetching'), now)).toBeNull();
    expect(advance(record({ state: 'trial' }), moved('sent'), now)).toBeNull();
  });

  it('takes new bytes of the same state without a new step, and nothing twice', () => {
    const first = advance(record(), moved('fetching', { progress: { received_bytes: 1, total_bytes: 9 } }), now) ?? record();
    const second = advance(first, moved('fetching', { progress: { received_bytes: 5, total_bytes: 9 } }), now) ?? record();
    expect(second.progress).toEqual({ received_bytes: 5, total_bytes: 9 });
    expect(second.steps).toHaveLength(1);
    expect(advance(second, moved('fetching', { progress: { received_bytes: 5, total_bytes: 9 } }), now)).toBeNull();
  });

  it.each(TERMINAL_STATES)('changes nothing of an upgrade that ended %s', (state) => {
    const ended = record({ state, finishedAt: now });
    expect(advance(ended, moved('trial'), now)).toBeNull();
    for (const other of TERMINAL_STATES)
      expect(advance(ended, { kind: 'ended', state: other, errorCode: null, errorDetails: {} }, now)).toBeNull();
  });

  it('ends from every running state, with its time and code', () => {
    for (const state of ['queued', 'sent', ...ATTEMPT_STATES] as const) {
      if (hasEnded(state)) continue;
      const end: UpgradeReport = { kind: 'ended', state: 'failed', errorCode: 'upgrade_timeout', errorDetails: { last_state: state } };
      expect(advance(record({ state }), end, now)).toMatchObject({ state: 'failed', finishedAt: now, errorCode: 'upgrade_timeout' });
    }
  });
});

describe('a pinned manifest', () => {
  const pinned = record({ state: 'trial', expectedManifestSha256: 'a' });
  const done = (manifestSha256: string | null): UpgradeReport => ({
    kind: 'ended',
    state: 'committed',
    errorCode: null,
    errorDetails: {},
    manifestSha256,
  });

  it('makes a commit of another one a failure', () => {
    expect(advance(pinned, done('b'), now)).toMatchObject({ state: 'failed', errorCode: 'upgrade_provenance_mismatch' });
    expect(advance(pinned, done('a'), now)).toMatchObject({ state: 'committed' });
    expect(advance(record({ state: 'trial' }), done('b'), now)).toMatchObject({ state: 'committed' });
  });

  it('leaves every other end as it is', () => {
    const back: UpgradeReport = {
      kind: 'ended',
      state: 'rolled_back',
      errorCode: 'upgrade_rolled_back',
      errorDetails: {},
      manifestSha256: 'b',
    };
    expect(advance(pinned, back, now)).toMatchObject({ state: 'rolled_back' });
  });
});

describe('canCancel', () => {
  it('holds until the swap', () => {
    const running = (['queued', 'sent', ...ATTEMPT_STATES] as const).filter((state) => canCancel(state));
    expect(running).toEqual(['queued', 'sent', 'accepted', 'resolving', 'verifying', 'fetching', 'staged', 'draining', 'snapshotting']);
  });
});
