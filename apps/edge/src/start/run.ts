import { randomUUID } from 'node:crypto';
import { flushCompileCache } from 'node:module';
import { join } from 'node:path';
import { openEventSpool, sweepUnfinished, type EventSpool } from '@tidegate/adapter-slots-fs';
import { createNotifier, watchdogIntervalMs, type Notifier } from '@tidegate/adapter-systemd';
import { CodedError } from '@tidegate/contract-errors';
import { WIRE } from '@tidegate/contract-protocol';
import { createNodeLink, type LinkState, type NodeLink } from '@tidegate/engine-node-link';
import type { UpgradeEngine } from '@tidegate/engine-upgrade';
import { AGENT_VERSION } from '../build-facts.ts';
import { loadConfig } from '../config/load-config.ts';
import type { EdgeConfig } from '../config/edge-config.ts';
import type { EdgeEnvironment } from '../environment.ts';
import { openIdentity } from '../identity/node-identity.ts';
import { makeBeat } from './beat.ts';
import { createHealthChecks } from './checks.ts';
import { readBootId, readMachineId } from './host.ts';
import { introduce } from './introduce.ts';
import { log, nameError } from './log.ts';
import { lockRoot } from './root-lock.ts';
import { openRunRecord, type RunRecord } from './run-record.ts';
import { watchProgress } from './watch-progress.ts';
import { wireUpgradeEngine } from './upgrade-wiring.ts';
import { createWitness, type Witness } from './witness.ts';

/** How a run ended; the record of it is in `agent_started` of the next one. */
export type RunEnd = 'stopped' | 'restart';

/**
 * The agent, until it is asked to stop or an activation wants a new start. Throws `config_invalid`, `identity_unusable`,
 * `root_in_use` before anything on disk is changed but the lock.
 */
export async function run(environment: EdgeEnvironment): Promise<RunEnd> {
  const { root } = environment;
  const bootId = readBootId(environment);
  const notifier = await createNotifier(environment.notify, process.pid);
  const feeding = feedWatchdog(environment, notifier);
  const lock = await lockRoot(root, bootId);
  try {
    await sweepUnfinished(root);
    const config = await readConfig(root);
    const [identity, machineId, spool] = await Promise.all([
      openIdentity({ folder: join(root, 'identity'), makeKey: true }),
      readMachineId(),
      openEventSpool({ folder: join(root, 'spool'), now: () => new Date() }),
    ]);
    const runId = randomUUID();
    const runRecord = openRunRecord(root, bootId);
    const checks = createHealthChecks();
    const ending = untilAsked();
    const settings = { beatIntervalSecs: WIRE.beatIntervalSecs as number };
    const parts: { link?: NodeLink } = {};
    const fault = (error: unknown): void => log('error', 'fault', nameError(error));
    const { engine, slots } = wireUpgradeEngine({
      environment,
      config,
      bootId,
      spool,
      beatIntervalSecs: () => settings.beatIntervalSecs,
      onEvent: () => parts.link?.beatSoon(),
      restart: () => ending.ask('restart'),
    });
    await engine.recover();
    const witness = createWitness(engine, checks, fault);
    const introduction = introduce({ environment, config, identity, runId, bootId, machineId, inTrial: () => engine.trial() !== null });
    const link = createNodeLink({
      ...introduction,
      spool,
      beat: () => makeBeat({ root, runId, bootId, engine, checks, runRecord, guardVersion: () => slots.guardVersion() }),
      handle: (command) => engine.accept(command),
      onBeatAcknowledged: witness.beatAcknowledged,
      onFault: fault,
      onState: (state) => followLink(state, { notifier, witness, spool, settings }),
    });
    parts.link = link;
    link.start();
    // Now and not at exit, which a kill would skip: the next start then compiles nothing.
    flushCompileCache();
    notifier.ready();
    witness.ready();
    void announce(spool, runRecord, runId).catch(fault);
    const stopWatching = watchProgress(engine, link);
    const end = await ending.asked;
    log('info', 'stopping', { reason: end });
    await notifier.stopping();
    stopWatching();
    await closeDown({ engine, link, spool, runRecord, end });
    return end;
  } finally {
    clearInterval(feeding);
    await lock.release();
  }
}

function feedWatchdog(environment: EdgeEnvironment, notifier: Notifier): NodeJS.Timeout | undefined {
  const intervalMs = watchdogIntervalMs(environment.notify);
  return intervalMs === null ? undefined : setInterval(() => notifier.watchdog(), intervalMs);
}

async function readConfig(root: string): Promise<EdgeConfig> {
  const loaded = await loadConfig(join(root, 'config.json'));
  if (!loaded.ok) throw new CodedError(loaded.code, loaded.details);
  if (loaded.value.unknownKeys.length > 0)
    log('warning', 'configuration has keys this version does not know', { keys: loaded.value.unknownKeys });
  return loaded.value.config;
}

/** Resolves at the first request to end: a signal, or an activation. */
function untilAsked(): { readonly asked: Promise<RunEnd>; readonly ask: (end: RunEnd) => void } {
  let ask = (_end: RunEnd): void => {};
  const asked = new Promise<RunEnd>((resolve) => {
    ask = resolve;
  });
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => ask('stopped'));
  return { asked, ask };
}

interface Followers {
  readonly notifier: Notifier;
  readonly witness: Witness;
  readonly spool: EventSpool;
  readonly settings: { beatIntervalSecs: number };
}

function followLink(state: LinkState, { notifier, witness, spool, settings }: Followers): void {
  if (state.state === 'online') {
    settings.beatIntervalSecs = state.settings.beat_interval_secs;
    spool.setMaxEvents(state.settings.spool_max_events);
    log('info', 'authenticated', { beat_interval_secs: settings.beatIntervalSecs });
    notifier.status(`${AGENT_VERSION}: connected`);
    witness.authenticated();
  } else if (state.state === 'waiting') {
    const { code, closeCode, cause, pace, delayMs } = state;
    log(pace === 'slow' ? 'error' : 'warning', 'not connected', {
      code,
      close_code: closeCode,
      cause,
      pace,
      delay_ms: Math.round(delayMs),
    });
    notifier.status(`${AGENT_VERSION}: not connected (${code ?? cause ?? closeCode})`);
  }
}

async function announce(spool: EventSpool, runRecord: Promise<RunRecord>, runId: string): Promise<void> {
  const { lastEnded, restarts } = await runRecord;
  log('info', 'started', { version: AGENT_VERSION, run_id: runId, restarts, last_ended: lastEnded });
  await spool.append({
    name: 'agent_started',
    severity: 'info',
    details: { version: AGENT_VERSION, run_id: runId, restarts, last_ended: lastEnded },
  });
}

interface Closing {
  readonly engine: UpgradeEngine;
  readonly link: NodeLink;
  readonly spool: EventSpool;
  readonly runRecord: Promise<RunRecord>;
  readonly end: RunEnd;
}

async function closeDown({ engine, link, spool, runRecord, end }: Closing): Promise<void> {
  await engine.stop();
  await link.stop();
  await spool.close();
  await (await runRecord).end(end);
}
