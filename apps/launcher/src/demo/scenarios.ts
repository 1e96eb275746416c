import type { EventView, UpgradeView } from '@tidegate/contract-api';
import { STRANGER } from '../demo-releases/demo-trust.ts';

/** What must be true of a node once its upgrade has ended. */
export interface Outcome {
  readonly upgrade: UpgradeView;
  readonly events: readonly EventView[];
  readonly runningVersion: string | null;
  /** The links of its install root, read from the disk. */
  readonly current: string | null;
  readonly committed: string | null;
  readonly previous: string | null;
  /** The guard's last verdict, as it stands in its record; empty when it gave none. */
  readonly verdict: Readonly<Record<string, string>>;
}

export interface Scenario {
  readonly step: string;
  readonly version: string;
  readonly expects: string;
  /** What does not hold, in words; empty when all holds. */
  check(outcome: Outcome): string[];
}

const INSTALLED = '1.0.0';
const differs = (what: string, found: unknown, wanted: unknown): string[] =>
  found === wanted ? [] : [`${what} is ${JSON.stringify(found)}, not ${JSON.stringify(wanted)}`];

const runs = (outcome: Outcome, version: string): string[] => [
  ...differs('running version', outcome.runningVersion, version),
  ...differs('current', outcome.current, version),
  ...differs('committed', outcome.committed, version),
];

/** Events of this attempt only: a node may have a history. */
const told = ({ events, upgrade }: Outcome, name: string): string[] =>
  events.some((event) => event.name === name && event.details['command_id'] === upgrade.id) ? [] : [`the event ${name} did not arrive`];

const committed = (version: string) => (outcome: Outcome) => [
  ...differs('state', outcome.upgrade.state, 'committed'),
  ...runs(outcome, version),
  ...differs('previous', outcome.previous, INSTALLED),
  ...differs('verdict', outcome.verdict['verdict'], 'committed'),
  ...told(outcome, 'upgrade_completed'),
];

const takenBack = (reasons: readonly string[]) => (outcome: Outcome) => [
  ...differs('state', outcome.upgrade.state, 'rolled_back'),
  ...differs('error code', outcome.upgrade.error_code, 'upgrade_rolled_back'),
  ...runs(outcome, INSTALLED),
  ...differs('verdict', outcome.verdict['verdict'], 'reverted'),
  ...(reasons.includes(outcome.verdict['reason'] ?? '')
    ? []
    : [`the guard's reason is ${outcome.verdict['reason'] ?? 'missing'}, not ${reasons.join(' or ')}`]),
  ...told(outcome, 'upgrade_rolled_back'),
];

const failed =
  (code: string, details: (details: Readonly<Record<string, unknown>>) => string[] = () => []) =>
  (outcome: Outcome) => [
    ...differs('state', outcome.upgrade.state, 'failed'),
    ...differs('error code', outcome.upgrade.error_code, code),
    ...runs(outcome, INSTALLED),
    ...differs('verdict', outcome.verdict['verdict'], undefined),
    ...told(outcome, 'upgrade_failed'),
    ...details(outcome.upgrade.error_details),
  ];

export const SCENARIOS: readonly Scenario[] = [
  { step: 'A', version: '1.1.0', expects: 'committed', check: committed('1.1.0') },
  { step: 'B', version: '1.2.0', expects: 'rolled back: it exits at once', check: takenBack(['boot_attempts']) },
  { step: 'C', version: '1.3.0', expects: 'rolled back by the deadline: it never authenticates', check: takenBack(['deadline']) },
  { step: 'D', version: '1.4.0', expects: 'failed: the artefact was altered', check: failed('upgrade_checksum_mismatch') },
  {
    step: 'E',
    version: '1.5.0',
    expects: 'failed: signed by a stranger',
    check: failed('upgrade_identity_not_allowed', (details) =>
      differs('identity in the details', details['identity'], `${STRANGER.workflow}@refs/tags/v1.5.0`),
    ),
  },
  // Whichever comes first on this machine: the fourth start, or the end of the window between two of them.
  { step: 'F', version: '1.6.0', expects: 'rolled back: it hangs', check: takenBack(['deadline', 'boot_attempts']) },
];
