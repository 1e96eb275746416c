import { describe, expect, it } from '@jest/globals';
import { judge, type WaveOrder, type WaveStanding } from './wave-verdict.ts';

const PIN = 'a'.repeat(64);
const upgrade: WaveOrder = {
  action: 'upgrade',
  version: '1.1.0',
  channel: 'stable',
  expectedManifestSha256: null,
  retrySkipped: false,
  requestedBy: 'admin',
  timeoutSecs: 900,
};
const goBack: WaveOrder = { action: 'return', requestedBy: 'admin', timeoutSecs: 900 };
const standing: WaveStanding = {
  revoked: false,
  quarantined: false,
  connected: true,
  capable: true,
  inMaintenance: false,
  softwareVersion: '1.0.0',
  previousVersion: '0.9.0',
  manifestSha256: PIN,
};
const verdict = (order: WaveOrder, change: Partial<WaveStanding>): string => {
  const found = judge(order, { ...standing, ...change });
  return found.kind === 'refused' ? found.code : found.kind === 'begin' ? found.version : found.kind;
};

describe('an order to a node of a wave', () => {
  it.each<[string, Partial<WaveStanding>, string, string]>([
    ['that may', {}, '1.1.0', '0.9.0'],
    ['that is revoked', { revoked: true, connected: false }, 'node_revoked', 'node_revoked'],
    ['in quarantine', { quarantined: true, connected: false }, 'node_quarantined', 'node_quarantined'],
    ['that nobody holds', { connected: false, capable: false }, 'node_offline', 'node_offline'],
    ['without the capability', { capable: false, inMaintenance: true }, 'upgrade_not_supported', 'upgrade_not_supported'],
    ['in maintenance', { inMaintenance: true, softwareVersion: '1.1.0' }, 'node_in_maintenance', '0.9.0'],
    ['that has it', { softwareVersion: '1.1.0' }, 'already', '0.9.0'],
    ['without a previous version', { previousVersion: null }, '1.1.0', 'upgrade_no_previous'],
    ['with a previous version that is none', { previousVersion: 'x; rm' }, '1.1.0', 'upgrade_no_previous'],
  ])('%s: upgrade and return', (_, change, upgraded, returned) => {
    expect([verdict(upgrade, change), verdict(goBack, change)]).toEqual([upgraded, returned]);
  });

  it.each([
    ['the pinned one', PIN, PIN, 'already'],
    ['another one', 'b'.repeat(64), PIN, 'upgrade_provenance_mismatch'],
    ['one that it does not name', null, PIN, 'already'],
    ['any, where none is pinned', 'b'.repeat(64), null, 'already'],
  ])('that has the version from %s', (_, manifestSha256, expectedManifestSha256, expected) => {
    expect(verdict({ ...upgrade, expectedManifestSha256 }, { softwareVersion: '1.1.0', manifestSha256 })).toBe(expected);
  });

  it('that is not there', () => expect(judge(upgrade, undefined)).toMatchObject({ kind: 'refused', code: 'node_not_found' }));
});
