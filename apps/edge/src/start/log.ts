import { writeSync } from 'node:fs';

/** One JSON line per entry on stdout, for journald and whoever reads it. Callers pass codes and names, never secrets or error texts. */
export type Log = (level: 'info' | 'warning' | 'error', message: string, details?: Readonly<Record<string, unknown>>) => void;

export const log: Log = (level, message, details = {}) => {
  const line = `${JSON.stringify({ at: new Date().toISOString(), level, message, ...details })}\n`;
  try {
    // Not `process.stdout`: setting the stream up costs a start more than all its lines.
    writeSync(1, line);
  } catch {
    // Nobody reads the log any more, or not fast enough: the agent's work is not to stop for that.
  }
};

/** What may be said of an error of any kind: its name, code and coded details. */
export function nameError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { error: typeof error };
  const { code, details } = error as { code?: unknown; details?: unknown };
  return { error: error.name, ...(typeof code === 'string' && { code }), ...(typeof details === 'object' && { details }) };
}
