/**
 * What the manager measures. docs/metrics.md is generated from this, and the names are as frozen as error codes: dashboards know them.
 * No label takes values that a node or a caller can choose without limit; no series names a node.
 */
export type MetricKind = 'counter' | 'gauge' | 'histogram';

export interface MetricDefinition {
  readonly kind: MetricKind;
  /** `installation`: read from the database, the same at every replica. `replica`: of the process that answers. */
  readonly of: 'installation' | 'replica';
  readonly help: string;
  /** Name and what its values are. */
  readonly labels: Readonly<Record<string, string>>;
  readonly buckets?: readonly number[];
}

/** Versions beyond these are counted together: whoever builds a node chooses what it is called. */
export const MOST_VERSIONS = 20;

const HTTP_SECONDS = [0.005, 0.025, 0.1, 0.25, 1, 5, 30];
const COMMAND_SECONDS = [0.01, 0.05, 0.25, 1, 5, 30, 300, 3600];

export const METRICS = {
  tidegate_nodes: {
    kind: 'gauge',
    of: 'installation',
    help: 'Nodes by how their beats stand.',
    labels: { connection: '`online`, `stale`, `offline`, `respawning`, `never`' },
  },
  tidegate_nodes_by_version: {
    kind: 'gauge',
    of: 'installation',
    help: 'Nodes by the version they run.',
    labels: { version: `the ${MOST_VERSIONS} most frequent, \`other\`, and \`unknown\` for nodes that were never heard` },
  },
  tidegate_nodes_flagged: {
    kind: 'gauge',
    of: 'installation',
    help: 'Nodes that somebody should know of.',
    labels: { flag: '`maintenance`, `quarantined`, `revoked`' },
  },
  tidegate_upgrades_running: {
    kind: 'gauge',
    of: 'installation',
    help: 'Upgrades that have not ended.',
    labels: { state: 'every state that is not an end' },
  },
  tidegate_commands_open: {
    kind: 'gauge',
    of: 'installation',
    help: 'Commands that no node has answered and that have not expired.',
    labels: { stage: '`unsent`, `unanswered`' },
  },
  tidegate_rows_unsequenced: {
    kind: 'gauge',
    of: 'installation',
    help: 'Stored rows without a position yet, which no reader gets; counted up to 10000.',
    labels: { stream: '`events`, `audit`' },
  },
  tidegate_replicas: {
    kind: 'gauge',
    of: 'installation',
    help: 'Managers that serve this database.',
    labels: { version: 'of the manager' },
  },

  tidegate_build_info: { kind: 'gauge', of: 'replica', help: 'Always 1.', labels: { version: 'of the manager' } },
  tidegate_sockets: {
    kind: 'gauge',
    of: 'replica',
    help: 'Open sockets of nodes.',
    labels: { phase: '`stranger`: has not proved who it is; `live`' },
  },
  tidegate_sockets_refused_total: {
    kind: 'counter',
    of: 'replica',
    help: 'Sockets of nodes that the manager closed, by why.',
    labels: { code: 'of [errors.md](errors.md)' },
  },
  tidegate_beats_total: { kind: 'counter', of: 'replica', help: 'Health beats that were acknowledged.', labels: {} },
  tidegate_events_total: { kind: 'counter', of: 'replica', help: 'Events of nodes that were acknowledged, repeated ones too.', labels: {} },
  tidegate_command_seconds: {
    kind: 'histogram',
    of: 'replica',
    help: 'How long commands took that a node has answered.',
    labels: { part: '`waiting`: from its making to its sending; `answering`: from there to the answer' },
    buckets: COMMAND_SECONDS,
  },
  tidegate_upgrades_ended_total: {
    kind: 'counter',
    of: 'replica',
    help: 'Upgrades whose end this replica has stored.',
    labels: {
      outcome: '`committed`, `rolled_back`, `failed`, `refused`',
      code: 'of [errors.md](errors.md); `none`; `other` for one that this release does not know',
    },
  },
  tidegate_queue_depth: {
    kind: 'gauge',
    of: 'replica',
    help: 'What waits to be written by the next statement.',
    labels: { queue: 'name of the batch writer' },
  },
  tidegate_siem_behind_rows: {
    kind: 'gauge',
    of: 'replica',
    help: 'Rows that were still ahead of the reader after the last pull.',
    labels: { stream: '`events`, `audit`' },
  },
  tidegate_siem_last_pull_timestamp_seconds: {
    kind: 'gauge',
    of: 'replica',
    help: 'When somebody last pulled.',
    labels: { stream: '`events`, `audit`' },
  },
  tidegate_streams: { kind: 'gauge', of: 'replica', help: 'Open live streams of pages.', labels: {} },
  tidegate_database_ready: {
    kind: 'gauge',
    of: 'replica',
    help: '1 while the database answers and everything is in it that has to be.',
    labels: {},
  },
  tidegate_database_pool: {
    kind: 'gauge',
    of: 'replica',
    help: 'Connections of the pool, and work that waits for one.',
    labels: { state: '`busy`, `idle`, `waiting`' },
  },
  tidegate_http_requests_total: {
    kind: 'counter',
    of: 'replica',
    help: 'Answered requests.',
    labels: { method: 'of HTTP', route: 'the template of [api.md](api.md); `other`', status: 'of HTTP' },
  },
  tidegate_http_request_seconds: {
    kind: 'histogram',
    of: 'replica',
    help: 'How long answers took; live streams are left out.',
    labels: { method: 'of HTTP', route: 'as above' },
    buckets: HTTP_SECONDS,
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

export type MetricName = keyof typeof METRICS;
export type LabelOf<N extends MetricName> = Extract<keyof (typeof METRICS)[N]['labels'], string>;
export type NameOf<K extends MetricKind> = { [N in MetricName]: (typeof METRICS)[N]['kind'] extends K ? N : never }[MetricName];
