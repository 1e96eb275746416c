import { eventView, nodeView, upgradeView, type EventView, type NodeView, type UpgradeView } from '@tidegate/contract-api';

/** Views for tests, checked by the contract so that they cannot drift from what the manager sends. */
export const NOON = '2026-03-01T12:00:00.000Z';
export const uuid = (n: number): string => `00000000-0000-4000-8000-${String(n).padStart(12, '0')}`;

type Loose<T> = { readonly [K in keyof T]?: unknown };

export const anUpgrade = (change: Loose<UpgradeView> = {}): UpgradeView =>
  upgradeView.parse({
    id: uuid(900),
    node_id: uuid(1),
    action: 'upgrade',
    version: '1.1.0',
    channel: 'stable',
    from_version: '1.0.0',
    state: 'sent',
    progress: null,
    error_code: null,
    error_details: {},
    requested_by: 'admin',
    requested_at: NOON,
    deadline_at: '2026-03-01T12:15:00.000Z',
    finished_at: null,
    steps: [],
    ...change,
  });

export const aNode = (change: Loose<NodeView> = {}): NodeView =>
  nodeView.parse({
    id: uuid(1),
    name: 'edge-1',
    group: 'default',
    device_type: 'tidegate-edge',
    software_version: '1.0.0',
    committed_version: '1.0.0',
    previous_version: null,
    badge: { kind: 'none', phase: null, to_version: null, error_code: null, since: null },
    connection: 'online',
    last_seen_at: NOON,
    enrolled_at: NOON,
    capabilities: ['upgrade'],
    os: 'linux',
    arch: 'x64',
    guard_version: '1',
    trust_fingerprint: null,
    trust_purpose: 'release',
    failing_checks: [],
    upgrade: null,
    ...change,
  });

export const anEvent = (change: Loose<EventView> = {}): EventView =>
  eventView.parse({
    id: uuid(500),
    node_id: uuid(1),
    name: 'upgrade_started',
    category: 'upgrade',
    severity: 'info',
    at: NOON,
    received_at: NOON,
    details: {},
    ...change,
  });
