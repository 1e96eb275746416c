import { join } from 'node:path';
import { releaseVersion, type ReleaseVersion } from '@tidegate/contract-manifest';
import type { GuardVerdict, Testimony, TrialIntent } from '@tidegate/engine-upgrade';
import { readPlain } from './durable-file.ts';
import { formatKeyValue, MAX_KEY_VALUE_BYTES, parseKeyValue } from './key-value.ts';

const PROTOCOL = '1';

const read = async (path: string): Promise<ReadonlyMap<string, string> | null> => {
  const bytes = readPlain(path, MAX_KEY_VALUE_BYTES);
  return bytes === null ? null : parseKeyValue(bytes.toString('utf8'));
};

/** The guard's side, read only: the agent's user cannot write there. */
export async function readVerdict(guardDir: string): Promise<GuardVerdict | null> {
  const values = await read(join(guardDir, 'verdict'));
  const verdict = values?.get('verdict');
  if (values?.get('v') !== PROTOCOL || (verdict !== 'committed' && verdict !== 'reverted')) return null;
  return {
    attempt: values.get('attempt') ?? 'unknown',
    verdict,
    reason: values.get('reason') ?? 'unknown',
    starts: Number(values.get('starts') ?? 0) || 0,
  };
}

export async function readGuardVersion(guardDir: string): Promise<ReleaseVersion | null> {
  const values = await read(join(guardDir, 'version'));
  if (values?.get('protocol') !== PROTOCOL) return null;
  const parsed = releaseVersion.safeParse(values.get('guard'));
  return parsed.success ? parsed.data : null;
}

export const intentText = (intent: TrialIntent): string =>
  formatKeyValue({
    v: PROTOCOL,
    attempt: intent.attempt,
    target: `versions/${intent.target}`,
    window_secs: Math.round(intent.windowSecs),
    max_secs: Math.round(intent.maxSecs),
    max_boot_attempts: intent.maxBootAttempts,
    beat_interval_secs: Math.max(1, Math.round(intent.beatIntervalSecs)),
  });

export const testimonyText = (testimony: Testimony, start: { readonly invocation: string; readonly bootId: string }): string =>
  formatKeyValue({
    v: PROTOCOL,
    attempt: testimony.attempt,
    invocation: start.invocation,
    boot_id: start.bootId,
    ready: testimony.ready ? 1 : 0,
    checks: testimony.checks,
    authenticated: testimony.authenticated ? 1 : 0,
    ...(testimony.beatUptimeSecs === null ? {} : { beat_uptime: testimony.beatUptimeSecs.toFixed(2) }),
  });
