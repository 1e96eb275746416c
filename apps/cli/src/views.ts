import type {
  ApiTokenView,
  AuditEntryView,
  AuditFinding,
  DiscoveryCandidate,
  EventView,
  GroupView,
  IdentityView,
  MemberView,
  NodeView,
  OwnSessionList,
  RegistrationTokenInfo,
  ReleaseView,
  RolloutView,
  TargetView,
  UpgradeCheck,
  UpgradeView,
  UserView,
} from '@tidegate/contract-api';
import type { Look } from './look.ts';
import type { Cell, Column } from './table.ts';

type View<Row> = (look: Look) => readonly Column<Row>[];

const SEVERITY = { info: 'dim', warning: 'busy', critical: 'bad' } as const;

/** What is to be said of an upgrade in a few words, by how it ended. */
export function upgradeCell(look: Look, { state, finished_at: finishedAt }: Pick<UpgradeView, 'state' | 'finished_at'>): Cell {
  return { text: state, paint: state === 'committed' ? look.good : finishedAt === null ? look.busy : look.bad };
}

function connectionCell(look: Look, node: NodeView): Cell {
  const odd = [
    node.revoked_at !== null && 'revoked',
    node.quarantine && 'quarantined',
    node.maintenance && 'maintenance',
    node.removed_at !== null && 'removed',
  ].filter((word) => typeof word === 'string');
  const paint = odd.length > 0 ? look.busy : node.connection === 'online' ? look.good : look.bad;
  return { text: [node.connection, ...odd].join(', '), paint };
}

const badgeText = ({ badge }: NodeView): string | null => {
  if (badge.kind === 'none') return null;
  const words = [badge.kind.replaceAll('_', ' '), badge.to_version, badge.phase === null ? badge.error_code : `(${badge.phase})`];
  return words.filter((word) => word !== null).join(' ');
};
const brief = (details: Readonly<Record<string, unknown>>): string =>
  Object.entries(details)
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .join(' ');

const node: View<NodeView> = (look) => [
  { head: 'NAME', cell: ({ name }) => name },
  { head: 'GROUP', cell: ({ group }) => group },
  { head: 'TYPE', cell: (row) => row.device_type },
  { head: 'VERSION', cell: (row) => row.software_version },
  { head: 'STATE', cell: (row) => connectionCell(look, row) },
  { head: 'UPGRADE', cell: badgeText },
  { head: 'LABELS', cell: ({ labels }) => brief(labels) || null },
  { head: 'SEEN', cell: (row) => look.time(row.last_seen_at) },
  { head: 'ID', cell: ({ id }) => id, whole: true },
];
const upgrade: View<UpgradeView> = (look) => [
  { head: 'KIND', cell: ({ action }) => action },
  { head: 'VERSION', cell: ({ version }) => version },
  { head: 'FROM', cell: (row) => row.from_version },
  { head: 'STATE', cell: (row) => upgradeCell(look, row) },
  { head: 'CODE', cell: (row) => row.error_code },
  { head: 'REQUESTED', cell: (row) => look.time(row.requested_at) },
  { head: 'BY', cell: (row) => row.requested_by },
  { head: 'FINISHED', cell: (row) => look.time(row.finished_at) },
  { head: 'NODE', cell: (row) => row.node_id, whole: true },
  { head: 'ID', cell: ({ id }) => id, whole: true },
];
const event: View<EventView> = (look) => [
  { head: 'TIME', cell: (row) => look.time(row.received_at) },
  { head: 'SEVERITY', cell: ({ severity }) => ({ text: severity, paint: look[SEVERITY[severity]] }) },
  { head: 'NODE', cell: (row) => row.node_name },
  { head: 'EVENT', cell: ({ name }) => name },
  { head: 'CODE', cell: (row) => row.error_code },
  { head: 'DETAILS', cell: ({ details }) => brief(details) || null },
];
const audit: View<AuditEntryView> = (look) => [
  { head: 'POSITION', cell: ({ position }) => position },
  { head: 'TIME', cell: ({ at }) => look.time(at) },
  { head: 'ACTOR', cell: ({ actor }) => actor },
  { head: 'ACTION', cell: ({ action }) => action },
  { head: 'KIND', cell: (row) => row.target_kind },
  { head: 'TARGET', cell: (row) => row.target_id, whole: true },
  { head: 'ADDRESS', cell: ({ address }) => address },
  { head: 'DETAILS', cell: ({ details }) => brief(details) || null },
];
const finding: View<AuditFinding> = (look) => [
  { head: 'FINDING', cell: ({ kind }) => ({ text: kind, paint: look.bad }) },
  { head: 'POSITION', cell: ({ position }) => position },
  { head: 'UNTIL', cell: ({ until }) => until },
];
const group: View<GroupView> = () => [
  { head: 'NAME', cell: ({ name }) => name },
  { head: 'NODES', cell: ({ nodes }) => nodes },
  { head: 'YOUR ROLE', cell: (row) => row.your_role },
  { head: 'ID', cell: ({ id }) => id, whole: true },
];
const member: View<MemberView> = () => [
  { head: 'USER', cell: ({ username }) => username },
  { head: 'ROLE', cell: ({ role }) => role },
  { head: 'NODES', cell: (row) => row.node_ids?.join(', ') ?? 'all' },
  { head: 'ID', cell: (row) => row.user_id, whole: true },
];
const user: View<UserView> = (look) => [
  { head: 'NAME', cell: ({ username }) => username },
  { head: 'ROLE', cell: ({ role }) => role },
  { head: 'STATE', cell: ({ state }) => ({ text: state, paint: state === 'active' ? look.good : look.bad }) },
  { head: 'GROUPS', cell: ({ memberships }) => memberships.map((one) => `${one.group}:${one.role}`).join(', ') || null },
  { head: 'LAST SIGN-IN', cell: (row) => look.time(row.last_sign_in_at) },
  { head: 'EXPIRES', cell: (row) => look.time(row.expires_at) },
  { head: 'ID', cell: ({ id }) => id, whole: true },
];
const apiToken: View<ApiTokenView> = (look) => [
  { head: 'NAME', cell: ({ name }) => name },
  { head: 'SCOPES', cell: ({ scopes }) => scopes.join(', ') },
  { head: 'LAST USED', cell: (row) => look.time(row.last_used_at) },
  { head: 'EXPIRES', cell: (row) => look.time(row.expires_at) },
  { head: 'ID', cell: ({ id }) => id, whole: true },
];
const registrationToken: View<RegistrationTokenInfo> = (look) => [
  { head: 'GROUP', cell: (row) => row.group },
  { head: 'TYPE', cell: (row) => row.device_type },
  { head: 'STATE', cell: ({ state }) => ({ text: state, paint: state === 'open' ? look.good : look.dim }) },
  { head: 'BY', cell: (row) => row.created_by },
  { head: 'EXPIRES', cell: (row) => look.time(row.expires_at) },
  { head: 'ID', cell: ({ id }) => id, whole: true },
];
const ownSession: View<OwnSessionList['items'][number]> = (look) => [
  { head: 'ADDRESS', cell: ({ address }) => address },
  { head: 'PROGRAM', cell: (row) => row.user_agent },
  { head: 'BY', cell: ({ method }) => method },
  { head: 'SIGNED IN', cell: (row) => look.time(row.created_at) },
  { head: 'LAST USED', cell: (row) => look.time(row.last_used_at) },
  { head: 'THIS', cell: ({ current }) => (current ? 'yes' : null) },
  { head: 'ID', cell: ({ id }) => id, whole: true },
];
const identity: View<IdentityView> = (look) => [
  { head: 'SUBJECT', cell: ({ subject }) => subject },
  { head: 'ISSUER', cell: ({ issuer }) => issuer },
  { head: 'LAST USED', cell: (row) => look.time(row.last_used_at) },
  { head: 'ID', cell: ({ id }) => id, whole: true },
];
const release: View<ReleaseView> = (look) => [
  { head: 'VERSION', cell: ({ version }) => version },
  { head: 'CHANNEL', cell: ({ channel }) => channel },
  { head: 'PUBLISHED', cell: (row) => look.time(row.published_at) },
  { head: 'NOTES', cell: ({ notes }) => notes.split('\n', 1)[0] ?? null },
];
const rollout: View<RolloutView> = (look) => [
  { head: 'GROUP', cell: ({ group }) => group },
  { head: 'TYPE', cell: (row) => row.device_type },
  { head: 'VERSION', cell: ({ version }) => version },
  {
    head: 'PHASE',
    cell: ({ phase }) => ({ text: phase, paint: phase === 'completed' ? look.good : phase === 'paused' ? look.bad : look.busy }),
  },
  { head: 'REASON', cell: ({ reason }) => reason },
  { head: 'WAVE', cell: ({ wave, waves }) => `${wave + 1}/${waves.length}` },
  { head: 'DONE', cell: ({ totals }) => `${totals.committed}/${totals.total}` },
  { head: 'FAILED', cell: ({ totals }) => totals.failed + totals.rolled_back + totals.lost + totals.regressed },
  { head: 'WAITS FOR', cell: (row) => (row.waits_for === 'nothing' ? null : row.waits_for) },
  { head: 'CREATED', cell: (row) => look.time(row.created_at) },
  { head: 'BY', cell: (row) => row.created_by },
  { head: 'ID', cell: ({ id }) => id, whole: true },
];
const target: View<TargetView> = (look) => [
  { head: 'WAVE', cell: ({ wave }) => wave + 1 },
  { head: 'NODE', cell: ({ name }) => name },
  {
    head: 'STATE',
    cell: ({ state }) => ({
      text: state,
      paint: state === 'committed' ? look.good : state === 'failed' || state === 'rolled_back' ? look.bad : look.busy,
    }),
  },
  { head: 'HEALTH', cell: ({ health, state }) => (state === 'committed' ? health : null) },
  { head: 'CODE', cell: (row) => row.error_code },
  { head: 'CHANGED', cell: (row) => look.time(row.changed_at) },
  { head: 'ID', cell: (row) => row.node_id, whole: true },
];
const check: View<UpgradeCheck> = (look) => [
  { head: 'OUTCOME', cell: ({ outcome }) => ({ text: outcome, paint: outcome === 'upgrade-available' ? look.good : look.dim }) },
  { head: 'REASON', cell: ({ reason }) => reason },
  { head: 'RUNS', cell: (row) => row.running_version },
  { head: 'VERSION', cell: ({ version }) => version },
  { head: 'STATEMENT', cell: ({ statement }) => statement?.verification ?? null },
  { head: 'WOULD REFUSE', cell: (row) => row.expected_refusals.join(', ') || null },
  { head: 'NODE', cell: (row) => row.node_id, whole: true },
];
export interface CandidateOfType extends DiscoveryCandidate {
  readonly device_type: string;
}
const candidate: View<CandidateOfType> = () => [
  { head: 'TYPE', cell: (row) => row.device_type },
  { head: 'VERSION', cell: ({ version }) => version },
  { head: 'CHANNEL', cell: ({ channel }) => channel },
  { head: 'TAG', cell: ({ tag }) => tag },
  { head: 'COMMIT', cell: ({ commit }) => commit, whole: true },
];

export const VIEWS = {
  node,
  upgrade,
  event,
  audit,
  finding,
  group,
  member,
  user,
  apiToken,
  registrationToken,
  ownSession,
  identity,
  release,
  rollout,
  target,
  check,
  candidate,
} as const;
export type ViewName = keyof typeof VIEWS;
