import { join } from 'node:path';
import { isCodedError } from '@tidegate/contract-errors';
import { parseManifest } from '@tidegate/contract-manifest';
import { peekStateFile } from '@tidegate/adapter-slots-fs';
import { AGENT_VERSION } from '../build-facts.ts';
import { openIdentity } from '../identity/node-identity.ts';
import { probe } from '../start/probe.ts';
import { openSource } from '../start/release-sources.ts';
import { lockHolder } from '../start/root-lock.ts';
import { askAgent } from './agent-client.ts';
import { broken, found, notice, type Check, type Finding } from './doctor-finding.ts';

const SOURCE_DEADLINE_MS = 15_000;
/** Far beyond the life of any build of today. */
const LATEST_YEAR = 2090;

export const checkConfig: Check = async ({ loaded, problems }) => [
  ...problems.map((problem) => broken('config_invalid', { ...problem })),
  ...(loaded?.unknownKeys ?? []).map((key) => notice('config_invalid', { key, rule: 'is no key this version knows' })),
];

export const checkState: Check = ({ environment: { root } }) =>
  found(async () => {
    const { condition } = await peekStateFile(join(root, 'state.json'));
    return condition === 'corrupt' ? [broken('state_corrupt', { file: join(root, 'state.json') })] : [];
  });

export const checkIdentity: Check = ({ environment: { root }, loaded }) =>
  found(async () => {
    if (!loaded?.config.manager) return [];
    const identity = await openIdentity({ folder: join(root, 'identity'), makeKey: false });
    if (identity.enrolment() !== null || (await identity.registrationToken()) !== null) return [];
    return [
      broken('identity_unusable', { file: join(root, 'identity/registration-token'), reason: 'not enrolled, and no registration token' }),
    ];
  });

/** Holds the lock and answers, or neither. */
export const checkAgent: Check = ({ environment, bootId }) =>
  found(async () => {
    const pid = await lockHolder(environment.root, bootId);
    if (pid === null) return [broken('agent_not_running', { reason: 'nobody holds the root’s lock' })];
    try {
      await askAgent(environment, 'GET', '/healthz');
      return [];
    } catch (error) {
      if (!isCodedError(error) || error.code !== 'agent_not_running') throw error;
      return [broken('local_api_unavailable', { pid, ...error.details })];
    }
  });

export const checkClock: Check = ({ slots }) =>
  found(async () => {
    const statement = await slots.readStatement(AGENT_VERSION);
    const manifest = statement ? parseManifest(statement.manifestBytes) : null;
    const releasedAt = manifest?.ok ? manifest.value.released_at : null;
    const now = new Date();
    const early = releasedAt !== null && now.getTime() < Date.parse(releasedAt);
    if (!early && now.getUTCFullYear() < LATEST_YEAR) return [];
    return [notice('clock_implausible', { now: now.toISOString(), released_at: releasedAt })];
  });

/** Each source by itself: behind a primary that works, nobody notices that the mirror does not. */
export const checkSources: Check = async ({ loaded }) => {
  if (!loaded) return [];
  const { source, upgrade } = loaded.config;
  if (!source) return [notice('upgrade_release_not_found', { reason: 'no source is configured' })];
  const findings: Finding[] = [];
  for (const [index, one] of [source, ...upgrade.mirrors].entries()) {
    const name = index === 0 ? 'source' : `upgrade.mirrors.${index - 1}`;
    const answers = await found(async () => {
      const opened = await openSource(one, null);
      try {
        const listed = await opened.listVersions(AbortSignal.timeout(SOURCE_DEADLINE_MS));
        return listed.ok ? [] : [broken(listed.code, listed.details)];
      } finally {
        await opened.close();
      }
    });
    findings.push(...answers.map((finding) => ({ ...finding, details: { ...finding.details, source: name } })));
  }
  return findings;
};

export const checkManager: Check = ({ environment, loaded }) =>
  found(async () => {
    if (!loaded?.config.manager) return [];
    const verdict = await probe(environment);
    return verdict.ok ? [] : [broken(verdict.code, verdict.details)];
  });
