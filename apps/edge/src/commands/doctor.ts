import { ERRORS } from '@tidegate/contract-errors';
import { EXIT } from '../exit-codes.ts';
import type { Command } from './command-answer.ts';
import { checkAgent, checkClock, checkConfig, checkIdentity, checkManager, checkSources, checkState } from './doctor-agent.ts';
import { checkDisk, checkGuard, checkLinks, checkModes, checkRoot } from './doctor-disk.ts';
import { openPatient, type Finding } from './doctor-finding.ts';

/** In the order in which one has to mend: what comes later often only follows from what came before. */
const CHECKS = {
  root: checkRoot,
  config: checkConfig,
  guard: checkGuard,
  links: checkLinks,
  modes: checkModes,
  disk: checkDisk,
  state: checkState,
  identity: checkIdentity,
  agent: checkAgent,
  clock: checkClock,
  source: checkSources,
  manager: checkManager,
};

/** `doctor`: changes nothing; exits 1 when something is broken, not for what is merely worth knowing. */
export const doctor: Command = async ({ environment }) => {
  const patient = await openPatient(environment);
  const checks: (Finding & { readonly check: string })[] = [];
  for (const [check, look] of Object.entries(CHECKS)) {
    const findings = await look(patient);
    if (findings.length === 0) checks.push({ check, level: 'ok', code: null, details: {} });
    for (const finding of findings) checks.push({ check, ...finding });
  }
  const broken = checks.some(({ level }) => level === 'broken');
  return {
    exit: broken ? EXIT.refused : EXIT.ok,
    json: { ok: !broken, checks: checks.map((one) => ({ ...one, advice: one.code && ERRORS[one.code].hint })) },
    lines: checks.map(
      ({ check, level, code, details }) =>
        `${level.padEnd(7)} ${check.padEnd(8)}${code === null ? '' : ` ${code}: ${ERRORS[code].meaning} ${ERRORS[code].hint} ${JSON.stringify(details)}`}`,
    ),
  };
};
