import { randomUUID } from 'node:crypto';
import { flushCompileCache } from 'node:module';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { openEventSpool, sweepUnfinished, type EventSpool } from '@tidegate/adapter-slots-fs';
import { createNotifier, watchdogIntervalMs, type Notifier } from '@tidegate/adapter-systemd';
import { CodedError } from '@tidegate/contract-errors';
import { WIRE } from '@tidegate/contract-protocol';
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
import { openLocalControl } from './local-control.ts';
import { log, nameError } from './log.ts';
import { followManager, standAlone, type ManagerSide } from './manager-side.ts';
import { lockRoot } from './root-lock.ts';
import { startAgainWhenPassedOver } from './passed-over.ts';
import { openRunRecord, type RunRecord } from './run-record.ts';
import { systemTimers } from './timers.ts';
import { watchProgress } from './watch-progress.ts';
import { wireUpgradeEngine } from './upgrade-wiring.ts';
import { createWitness } from './witness.ts';

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
    return await serve({ environment, bootId, notifier, config: await readConfig(environment) });
  } finally {
    clearInterval(feeding);
    await lock.release();
  }
}

interface Serving {
  readonly environment: EdgeEnvironment;
  readonly bootId: string;
  readonly notifier: Notifier;
  readonly config: EdgeConfig;
}

async function serve({ environment, bootId, notifier, config }: Serving): Promise<RunEnd> {
  const { root } = environment;
  const [identity, spool] = await Promise.all([
    config.manager ? openIdentity({ folder: join(root, 'identity'), makeKey: true }) : null,
    openEventSpool({ folder: join(root, 'spool'), now: () => new Date() }),
  ]);
  const runId = randomUUID();
  const runRecord = openRunRecord(root, bootId);
  const checks = createHealthChecks();
  const ending = untilAsked();
  const restart = (): void => ending.ask('restart');
  const settings = { beatIntervalSecs: WIRE.beatIntervalSecs as number };
  const parts: { manager?: ManagerSide } = {};
  const { engine, slots } = wireUpgradeEngine({
    environment,
    config,
    bootId,
    spool,
    beatIntervalSecs: () => settings.beatIntervalSecs,
    onEvent: () => parts.manager?.beatSoon(),
    restart,
    checks,
    extendStart: (secs) => notifier.extendStart(secs),
  });
  const calm = untilCalm(ending.asked);
  await engine.recover(calm.reached);
  startAgainWhenPassedOver({ links: () => slots.links(), running: AGENT_VERSION, timers: systemTimers, restart });
  const witness = createWitness(engine, logFault);
  const followers = { notifier, witness, spool, settings };
  const inTrial = (): boolean => engine.trial() !== null;
  const { manager: address, name } = config;
  const manager =
    address && identity
      ? followManager(
          {
            ...introduce({ environment, manager: address, name, identity, runId, bootId, machineId: readMachineId(), inTrial }),
            beat: () => makeBeat({ root, runId, bootId, engine, checks, runRecord, guardVersion: () => slots.guardVersion() }),
            handle: (command) => engine.accept(command),
            onBeatAcknowledged: witness.beatAcknowledged,
            onFault: logFault,
            // After an outage the guard gives a candidate one window more; waiting it out would look like a fault.
            longestDelayMs: () => (inTrial() ? config.upgrade.boot_health_window_secs * 250 : Infinity),
          },
          followers,
        )
      : standAlone(followers);
  parts.manager = manager;
  notifier.ready();
  witness.ready();
  void manager.answered.then(calm.tell);
  const localControl = openLocalControl({ environment, config, engine, manager }, calm.reached);
  await calm.reached;
  void announce(spool, runRecord, runId).catch(logFault);
  const stopWatching = watchProgress(engine, manager);
  // Now and not at exit, which a kill would skip: the next start then compiles nothing.
  flushCompileCache();
  const end = await ending.asked;
  await closeDown({ notifier, stopWatching, localControl, engine, manager, spool, runRecord, end });
  return end;
}

const logFault = (error: unknown): void => log('error', 'fault', nameError(error));

function feedWatchdog(environment: EdgeEnvironment, notifier: Notifier): NodeJS.Timeout | undefined {
  const intervalMs = watchdogIntervalMs(environment.notify);
  return intervalMs === null ? undefined : setInterval(() => notifier.watchdog(), intervalMs);
}

async function readConfig(environment: EdgeEnvironment): Promise<EdgeConfig> {
  const loaded = await loadConfig(environment);
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

/** Not longer for a manager that does not answer. */
const FIRST_ANSWER_MS = 1_000;

/** What can wait does, so that the first connection has the processor for itself. */
function untilCalm(ended: Promise<unknown>): { readonly reached: Promise<unknown>; readonly tell: () => void } {
  let tell = (): void => {};
  const told = new Promise<void>((resolve) => {
    tell = resolve;
  });
  return { reached: Promise.race([told, ended, wait(FIRST_ANSWER_MS, undefined, { ref: false })]), tell };
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
  readonly notifier: Notifier;
  readonly stopWatching: () => void;
  readonly localControl: { close(): Promise<void> };
  readonly engine: UpgradeEngine;
  readonly manager: ManagerSide;
  readonly spool: EventSpool;
  readonly runRecord: Promise<RunRecord>;
  readonly end: RunEnd;
}

async function closeDown({ notifier, stopWatching, localControl, engine, manager, spool, runRecord, end }: Closing): Promise<void> {
  log('info', 'stopping', { reason: end });
  await notifier.stopping();
  stopWatching();
  await localControl.close();
  await engine.stop();
  await manager.stop();
  await spool.close();
  await (await runRecord).end(end);
}
