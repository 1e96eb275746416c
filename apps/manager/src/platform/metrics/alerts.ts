/**
 * What somebody should be told of, as rules for Prometheus. deploy/prometheus/alerts.yml and the runbook in docs/metrics.md are generated
 * from this. Figures of the installation are the same at every replica: one of them is taken, never their sum.
 */
export interface Alert {
  readonly severity: 'warning' | 'critical';
  readonly expr: string;
  /** How long it has to hold. */
  readonly lasting: string;
  readonly meaning: string;
  /** The runbook line. */
  readonly runbook: string;
}

const ended = (matching: string, within: string): string => `sum(increase(tidegate_upgrades_ended_total${matching}[${within}]))`;

export const ALERTS = {
  TidegateAway: {
    severity: 'critical',
    expr: 'absent(tidegate_build_info)',
    lasting: '2m',
    meaning: 'No manager answers the monitoring.',
    runbook: 'Ask `/healthz` of each replica; read `journalctl -u tidegate-manager`. Nodes run on and come back by themselves.',
  },
  TidegateDatabaseAway: {
    severity: 'critical',
    expr: 'min(tidegate_database_ready) == 0',
    lasting: '1m',
    meaning: 'A manager is up and its database does not answer.',
    runbook: '`tidegate-manager doctor` on that machine names what it finds; the manager goes on by itself when the database is back.',
  },
  TidegateDatabasePoolExhausted: {
    severity: 'warning',
    expr: 'max by (instance) (tidegate_database_pool{state="waiting"}) > 10',
    lasting: '5m',
    meaning: 'Work waits for a connection to the database.',
    runbook: 'Look for slow or blocked statements in `pg_stat_activity`; `doctor` names sessions that block others.',
  },
  TidegateNodesOffline: {
    severity: 'warning',
    expr: 'max(tidegate_nodes{connection="offline"}) > 0.1 * max(sum by (instance) (tidegate_nodes))',
    lasting: '10m',
    meaning: 'More than a tenth of all nodes are offline.',
    runbook:
      'Compare groups in the list of nodes filtered by `connection=offline`: one site is a network, all of them is the way to the manager.',
  },
  TidegateNodeQuarantined: {
    severity: 'warning',
    expr: 'max(tidegate_nodes_flagged{flag="quarantined"}) > 0',
    lasting: '1m',
    meaning: 'Two machines use the identity of one node.',
    runbook: 'The event `node_clone_detected` names both. Enrol one of them anew, then release the node.',
  },
  TidegateNodeKeyInvalid: {
    severity: 'critical',
    expr: 'sum(increase(tidegate_sockets_refused_total{code="node_key_invalid"}[15m])) > 0',
    lasting: '0m',
    meaning: 'Somebody claimed to be a node and could not sign for it.',
    runbook:
      'The log has the node and the address under the code `node_key_invalid`; find out who it is, and revoke the node when in doubt.',
  },
  TidegateReleaseNotTrusted: {
    severity: 'critical',
    expr: `${ended('{code=~"upgrade_signature_invalid|upgrade_identity_not_allowed|upgrade_rekor_invalid|upgrade_provenance_mismatch|upgrade_checksum_mismatch"}', '1h')} > 0`,
    lasting: '0m',
    meaning: 'A node refused a release because of who signed it or what is in it.',
    runbook: 'Stop rollouts of this release. docs/errors.md says for each code what to compare.',
  },
  TidegateUpgradesRolledBack: {
    severity: 'warning',
    expr: `${ended('{outcome="rolled_back"}', '1h')} > 0`,
    lasting: '0m',
    meaning: 'A boot guard took a node back to its previous version.',
    runbook: 'The upgrade’s details have the reason; find it before the release goes to more nodes.',
  },
  TidegateUpgradesFailing: {
    severity: 'warning',
    expr: `${ended('{outcome="failed"}', '1h')} > 5 and ${ended('{outcome="failed"}', '1h')} > 0.1 * ${ended('', '1h')}`,
    lasting: '5m',
    meaning: 'More than a tenth of the upgrades of the last hour failed.',
    runbook: 'List upgrades by `error_code`; one code for all points to the release or its source, many to the nodes.',
  },
  TidegateCommandsSlow: {
    severity: 'warning',
    expr: 'histogram_quantile(0.95, sum by (le) (rate(tidegate_command_seconds_bucket{part="answering"}[10m]))) > 30',
    lasting: '10m',
    meaning: 'Connected nodes take long to answer commands.',
    runbook: 'Compare with the loop’s lag and the database’s; when both are low, look at the network to the nodes.',
  },
  TidegateRowsUnsequenced: {
    severity: 'warning',
    expr: 'max by (stream) (tidegate_rows_unsequenced) > 5000',
    lasting: '5m',
    meaning: 'Stored events or audit rows wait for their position, and no reader gets them.',
    runbook: 'Search the log for "positions not assigned"; a long transaction on the database holds them up as well.',
  },
  TidegateSiemSilent: {
    severity: 'warning',
    expr: 'time() - max by (stream) (tidegate_siem_last_pull_timestamp_seconds) > 900',
    lasting: '5m',
    meaning: 'A SIEM that used to pull has stopped.',
    runbook:
      'Look at the collector, and whether its API token has expired. It goes on from its cursor and misses nothing within the retention.',
  },
  TidegateSiemBehind: {
    severity: 'warning',
    expr: 'min by (stream) (tidegate_siem_behind_rows) > 50000',
    lasting: '15m',
    meaning: 'A SIEM pulls more slowly than rows come.',
    runbook: 'Let it ask for larger pages, and again at once while the answers are full.',
  },
  TidegateQueueGrows: {
    severity: 'warning',
    expr: 'max by (instance, queue) (tidegate_queue_depth) > 5000',
    lasting: '2m',
    meaning: 'More comes in than the database takes.',
    runbook: 'Look at the database’s disk and locks; another replica helps only when the processor of this one is the limit.',
  },
  TidegateLoopSlow: {
    severity: 'warning',
    expr: 'max by (instance) (nodejs_eventloop_lag_p99_seconds) > 0.2',
    lasting: '5m',
    meaning: 'A manager is busy for so long at a time that everybody waits.',
    runbook: 'Look at its processor; add a replica, or find who asks for so much in tidegate_http_requests_total.',
  },
  TidegateServerErrors: {
    severity: 'warning',
    expr: 'sum(rate(tidegate_http_requests_total{status=~"5.."}[5m])) > 0.05 * sum(rate(tidegate_http_requests_total[5m]))',
    lasting: '10m',
    meaning: 'More than one in twenty requests ends in an error of the manager.',
    runbook: 'The log has each with its request id; 503 is the database, 502 a release source.',
  },
  TidegateReplicasDiffer: {
    severity: 'warning',
    expr: 'count(max by (version) (tidegate_replicas) > 0) > 1',
    lasting: '1d',
    meaning: 'Managers of two versions have been running for a day.',
    runbook: 'Finish the replacement: two releases side by side are meant for the time of an upgrade.',
  },
} as const satisfies Readonly<Record<string, Alert>>;
