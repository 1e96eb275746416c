import { ERRORS, type Area, type ErrorCode, type ErrorEntry } from '@tidegate/contract-errors';
import { page, table } from './markdown.ts';

const AREAS: Readonly<Record<Area, string>> = {
  upgrade: 'Upgrades of a node',
  enrolment: 'Enrolment',
  session: 'Sessions of nodes',
  wire: 'The wire',
  api: 'The HTTP API',
  account: 'Accounts of people',
  store: 'The manager’s database',
  guard: 'The boot guard',
  local: 'The node’s own house',
};

const OUTCOMES = {
  refused: 'The node refused by its own policy: nothing was downloaded and nothing changed. A rollout does not halt on it.',
  failed: 'The attempt failed and the node runs what it ran. A rollout halts on it.',
  rolled_back: 'The boot guard took the node back to its committed version. A rollout halts on it.',
} as const;
const SEVERITIES = {
  info: 'None; it is recorded.',
  warning: 'The request had no effect.',
  critical: 'Somebody has to look: it does not pass by itself, or it points to an attack.',
} as const;

const impact = ({ upgrade, severity }: ErrorEntry): string => {
  if (upgrade === undefined) return SEVERITIES[severity];
  return upgrade.nodeState === 'uncertain' ? `${OUTCOMES[upgrade.outcome]} The node’s state is uncertain.` : OUTCOMES[upgrade.outcome];
};

const runbook = (code: string, entry: ErrorEntry): string =>
  [
    `### \`${code}\``,
    [
      `- **Meaning:** ${entry.meaning}`,
      `- **Impact:** ${impact(entry)}`,
      `- **Diagnosis:** ${entry.runbook}`,
      `- **Mitigation:** ${entry.hint}`,
    ].join('\n'),
  ].join('\n\n');

const summary = (code: string, { severity, retryable, upgrade }: ErrorEntry): readonly string[] => [
  `[\`${code}\`](#${code})`,
  severity,
  retryable ? 'yes' : 'no',
  upgrade?.outcome ?? '',
  upgrade?.phase.replace('_', ' ') ?? '',
  upgrade?.nodeState ?? '',
];

/** `docs/errors.md`: a table per area, then the runbook of every code. */
export function errorPage(): string {
  const entries = Object.entries(ERRORS) as readonly [ErrorCode, ErrorEntry][];
  const areas = (Object.keys(AREAS) as Area[]).flatMap((area) => {
    const own = entries.filter(([, entry]) => entry.area === area);
    if (own.length === 0) return [];
    const rows = own.map(([code, entry]) => summary(code, entry));
    return [
      `## ${AREAS[area]}`,
      table(['code', 'severity', 'retryable', 'outcome', 'phase', 'node state'], rows),
      ...own.map(([code, entry]) => runbook(code, entry)),
    ];
  });
  return page(
    'Error codes',
    'libs/contract/errors/src/registry.ts',
    'Every refusal that leaves a process carries one of these codes. A code never changes its meaning once it was released. *Outcome*, *phase* and *node state* are given for codes that can end an upgrade attempt.',
    ...areas,
  );
}
