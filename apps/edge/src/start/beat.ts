import type { BeatBody } from '@tidegate/engine-node-link';
import type { CheckResult, UpgradeEngine } from '@tidegate/engine-upgrade';
import { AGENT_VERSION } from '../build-facts.ts';
import { TRUST_FINGERPRINT, TRUST_PURPOSE } from '../trust-facts.ts';
import type { HealthChecks } from './checks.ts';
import { readDisk, uptimeSecs } from './host.ts';
import type { RunRecord } from './run-record.ts';

export interface BeatParts {
  readonly root: string;
  readonly runId: string;
  readonly bootId: string;
  readonly engine: UpgradeEngine;
  readonly checks: HealthChecks;
  readonly runRecord: Promise<RunRecord>;
  readonly guardVersion: () => Promise<string | null>;
}

/** What a node without the upgrade module would not say; said also when the node's policy switches upgrades off. */
const CAPABILITIES = ['upgrade'];

const lineOf = ({ id, ok, detail }: CheckResult): BeatBody['checks'][number] => ({
  id,
  ok,
  ...(detail !== undefined && { detail: detail.slice(0, 200) }),
});

export async function makeBeat(parts: BeatParts): Promise<BeatBody> {
  const { engine } = parts;
  const [facts, disk, guardVersion, { restarts }] = await Promise.all([
    engine.facts(),
    readDisk(parts.root),
    parts.guardVersion(),
    parts.runRecord,
  ]);
  return {
    run_id: parts.runId,
    boot_id: parts.bootId,
    uptime_secs: uptimeSecs(),
    software_version: AGENT_VERSION,
    committed_version: facts.committedVersion,
    previous_version: facts.previousVersion,
    manifest_sha256: facts.manifestSha256,
    restarts,
    // In a trial the engine asks what the release declares; its answers include our own.
    checks: engine.checks().length > 0 ? engine.checks().slice(0, 32).map(lineOf) : parts.checks.run().map(lineOf),
    capabilities: CAPABILITIES,
    attempt: engine.report(),
    trial: engine.trial(),
    guard_version: guardVersion,
    unit_version: null,
    trust_fingerprint: TRUST_FINGERPRINT,
    trust_purpose: TRUST_PURPOSE,
    highest_sequence: facts.highestSequence,
    version_floor: facts.versionFloor,
    disk,
  };
}
