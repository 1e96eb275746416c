import type { ErrorCode } from '@tidegate/contract-errors';

/**
 * Documented in docs/edge.md. Above 2 they are those of sysexits.h: supervisors and scripts tell a wrong configuration from
 * a crash by them.
 */
export const EXIT = {
  ok: 0,
  refused: 1,
  usage: 2,
  agent_not_running: 69,
  fault: 70,
  root_in_use: 75,
  identity_unusable: 77,
  config_invalid: 78,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** One code, one way to end: scripts branch on these. */
export const exitCodeOf = (code: ErrorCode): ExitCode =>
  code === 'agent_not_running' || code === 'root_in_use' || code === 'identity_unusable' || code === 'config_invalid'
    ? EXIT[code]
    : EXIT.refused;
