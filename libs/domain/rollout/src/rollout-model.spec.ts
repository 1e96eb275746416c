/**
 * Random histories of a rollout: nodes that answer, fall silent, come and go, people who act, time that passes, replicas that die
 * between a decision and its effects or do them twice. Beside the machine stands a model that knows none of its code: a list of
 * nodes, who was told what, and which failures a person has seen.
 */
import { describe, it } from '@jest/globals';
import { rolloutStrategy, type RolloutStrategyInput, type TargetState } from '@tidegate/contract-api';
import fc from 'fast-check';
import { act, type RolloutAct } from './act.ts';
import { NO_COUNTS, type WaveCounts } from './halt-rule.ts';
import type { Effect, Facts, Rollout, Step } from './rollout.ts';
import { hasEnded } from './rollout-table.ts';
import { step } from './step.ts';

const RUNS = 10_000;
const START_MS = Date.parse('2026-05-05T12:00:00Z');
const MAKER = 'ada';

/** What Jest's own matchers cost, ten thousand histories cannot afford. */
function must(holds: boolean, promise: string): void {
  if (!holds) throw new Error(`broken promise: ${promise}`);
}

interface Node {
  readonly name: string;
  readonly wave: number;
  state: Exclude<TargetState, 'due'>;
  online: boolean;
  isLost: boolean;
  /** Commands since it was planned, or since somebody asked for a retry. */
  told: number;
  /** A person has gone on after this failure. */
  seen: boolean;
}

const hasFailed = (node: Node): boolean =>
  node.state === 'failed' || node.state === 'rolled_back' || (node.state === 'committed' && node.isLost);
const isAtWork = ({ state }: Node): boolean => state === 'in_progress';
const isOpen = ({ state }: Node): boolean => state === 'pending' || state === 'in_progress';

/** The world around the machine, and what the model expects of it. */
class World {
  nowMs = START_MS;
  rollout: Rollout;
  readonly nodes: Node[];
  private last: Step | undefined;

  constructor(strategy: RolloutStrategyInput, sizes: readonly number[], offline: readonly number[]) {
    this.nodes = sizes.flatMap((size, wave) =>
      Array.from({ length: size }, (_, index): Node => {
        return { name: `${wave}.${index}`, wave, state: 'pending', online: true, isLost: false, told: 0, seen: false };
      }),
    );
    for (const index of offline) this.at(index).online = false;
    this.rollout = {
      phase: 'scheduled',
      reason: 'created',
      wave: -1,
      waves: sizes.length,
      strategy: rolloutStrategy.parse(strategy),
      createdBy: MAKER,
      settleUntilMs: null,
      acknowledged: [],
      approved: [],
      catchUpUntilMs: null,
    };
  }

  at(index: number): Node {
    return this.nodes[index % this.nodes.length] as Node;
  }

  get facts(): Facts {
    return {
      nowMs: this.nowMs,
      counts: Array.from({ length: this.rollout.waves }, (_, wave) => this.countsOf(wave)),
      frozen: false,
      provenance: 'not_configured',
      artefact: 'as_pinned',
      sourceGroup: 'not_required',
      cohort: 'too_few',
      preflight: { pending: 0, failed: 0 },
      sendingBack: 'none',
    };
  }

  private countsOf(wave: number): WaveCounts {
    const those = this.nodes.filter((node) => node.wave === wave);
    const of = (state: TargetState): number => those.filter((node) => node.state === state).length;
    const waits = this.rollout.strategy.offline === 'wait';
    return {
      ...NO_COUNTS,
      pending: of('pending'),
      waiting_offline: those.filter((node) => waits && node.state === 'pending' && !node.online).length,
      in_flight: of('in_progress'),
      committed: of('committed'),
      lost: those.filter((node) => node.state === 'committed' && node.isLost).length,
      failed: of('failed'),
      rolled_back: of('rolled_back'),
      refused: of('refused'),
      skipped: of('skipped'),
      offline: of('offline'),
      removed: of('removed'),
    };
  }

  /** The reconciler, until it rests. `dies`: after this many decisions, before what was decided is stored. */
  reconcile(dies = Infinity): void {
    for (let rounds = 0; ; rounds += 1) {
      if (rounds > 50) throw new Error(`does not come to rest in ${this.rollout.phase}`);
      const before = this.rollout;
      const decided = step(before, this.facts);
      if (rounds >= dies) return;
      this.checkMove(before, decided.next);
      const hasWork = this.apply(decided.effects, decided.next);
      this.rollout = decided.next;
      this.last = decided;
      if (!hasWork && (decided.lookAgainMs === null || decided.lookAgainMs > this.nowMs)) return this.checkRest();
    }
  }

  /** @returns whether it was allowed. */
  ask(what: RolloutAct, actor: string): boolean {
    const before = this.rollout;
    const result = act(before, what, this.facts, actor);
    if (!result.ok) return false;
    if (what === 'approve' && before.strategy.second_person) must(actor !== MAKER, 'a second person approves');
    if (what === 'promote')
      must(
        this.nodes.some((node) => node.wave === before.wave && node.state === 'committed'),
        'evidence for a promotion',
      );
    this.apply(result.step.effects, result.step.next);
    this.rollout = result.step.next;
    if (what === 'resume' || what === 'retry') for (const node of this.nodes) node.seen = hasFailed(node);
    return true;
  }

  private apply(effects: readonly Effect[], next: Rollout): boolean {
    let hasWork = false;
    for (const effect of effects) hasWork = this.applyOne(effect, next) || hasWork;
    return hasWork;
  }

  private applyOne(effect: Effect, next: Rollout): boolean {
    if (effect.kind === 'reset_failed')
      for (const node of this.nodes.filter(({ state }) => state === 'failed' || state === 'rolled_back')) {
        node.state = 'pending';
        node.told = 0;
      }
    if (effect.kind === 'catch_up')
      for (const node of this.nodes) if (node.state === 'offline' && node.online && node.wave <= effect.upToWave) node.state = 'pending';
    return effect.kind === 'send' && this.send(effect.upToWave, effect.limit ?? Infinity, next);
  }

  private send(upToWave: number, limit: number, { phase, strategy, wave }: Rollout): boolean {
    // Nothing is begun after a pause, an abort or a superseding, and nothing of a wave that was not opened.
    must(phase === 'dispatching' || phase === 'completed', 'nothing is begun but by a rollout that runs');
    must(upToWave <= wave, 'nothing of a wave that was not opened');
    const next = this.nodes.filter(
      (node) => node.state === 'pending' && node.wave <= upToWave && (strategy.offline !== 'wait' || node.online),
    );
    for (const node of next.slice(0, limit)) this.tell(node, strategy.offline);
    if (strategy.max_in_flight !== null && phase === 'dispatching')
      must(this.nodes.filter(isAtWork).length <= strategy.max_in_flight, 'no more at work than may be');
    // Some were taken out instead: there is something to decide at once.
    return next.slice(0, limit).some((node) => !isAtWork(node));
  }

  private tell(node: Node, policy: 'wait' | 'skip' | 'fail'): void {
    if (!node.online) return void (node.state = policy === 'fail' ? 'failed' : 'offline');
    node.state = 'in_progress';
    node.told += 1;
    must(node.told === 1, 'no node is told twice');
  }

  private checkMove(before: Rollout, next: Rollout): void {
    const isNewWave = next.wave > before.wave;
    if (isNewWave) must(next.wave === before.wave + 1, 'waves open one by one');
    if (before.phase === 'paused' || hasEnded(before.phase)) must(!isNewWave, 'a rollout that does not run opens no wave');
    // No wave in which nobody committed is passed, unless all of its nodes are gone.
    if (before.phase === 'dispatching' && next.phase === 'settling') {
      const those = this.nodes.filter((node) => node.wave === before.wave);
      must(those.some((node) => node.state === 'committed') || those.every((node) => node.state === 'removed'), 'evidence for a wave');
      must(!those.some(isOpen), 'a wave that is passed is done');
    }
    if (next.phase === 'completed' && before.phase !== 'completed') {
      must(next.wave === next.waves - 1, 'all waves of a completed rollout were opened');
      must(
        this.nodes.some((node) => node.state === 'committed'),
        'evidence for a completed rollout',
      );
    }
    if (isNewWave && before.strategy.approval === 'every_wave') must(next.approved.includes(next.wave), 'every wave was approved');
  }

  private checkRest(): void {
    const { phase, wave, strategy } = this.rollout;
    // It has ended, or says what it waits for.
    if (!hasEnded(phase)) must(this.last?.waitsFor !== 'nothing', 'it says what it waits for');
    // As the model sees it: no more failures that nobody has seen than the strategy allows, in any wave that was opened.
    if (phase !== 'dispatching' && phase !== 'settling' && phase !== 'awaiting_approval') return;
    for (let one = 0; one <= wave; one += 1) {
      const unseen = this.nodes.filter((node) => node.wave === one && hasFailed(node) && !node.seen).length;
      must(unseen <= strategy.failure_threshold.max_failures, 'it halts on failures that nobody has seen');
    }
  }

  /** Everybody does what is needed of them: it must come to an end. */
  letItEnd(): void {
    for (let rounds = 0; rounds < 200; rounds += 1) {
      if (this.rollout.phase === 'completed' || this.rollout.phase === 'aborted' || this.rollout.phase === 'superseded') return;
      for (const node of this.nodes) {
        node.online = true;
        node.isLost = false;
        if (node.state === 'in_progress') node.state = 'committed';
      }
      this.nowMs += 600_000;
      if (this.rollout.phase === 'paused') this.ask('retry', 'ben');
      this.ask('resume', 'ben');
      this.ask('approve', 'ben');
      this.reconcile();
      // Where every node of a wave refused or was skipped nothing can speak for the release, and a person has to give up.
      const isHopeless =
        this.rollout.reason === 'no_evidence' && !this.nodes.some((node) => node.wave <= this.rollout.wave && isOpen(node));
      if (isHopeless) this.ask('abort', 'ben');
    }
    throw new Error(`never ends: ${this.rollout.phase}, ${this.rollout.reason}`);
  }
}

type Happening = (world: World) => void;
const index = fc.nat({ max: 30 });
const ANSWERS = ['committed', 'failed', 'rolled_back', 'refused'] as const;
const actor = fc.constantFrom(MAKER, 'ben');

/** What nodes and time do is noticed at once; what a replica left half done is noticed with the next thing that happens. */
const noticed =
  (change: Happening): Happening =>
  (world) => {
    change(world);
    world.reconcile();
  };
const happening: fc.Arbitrary<Happening> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.tuple(index, fc.constantFrom(...ANSWERS)).map(([at, answer]) =>
      noticed((world) => {
        const atWork = world.nodes.filter(isAtWork);
        const node = atWork[at % Math.max(1, atWork.length)];
        if (node) Object.assign(node, { state: answer, seen: false });
      }),
    ),
  },
  {
    weight: 3,
    arbitrary: fc.constant(
      noticed((world) => {
        for (const node of world.nodes.filter(isAtWork)) node.state = 'committed';
      }),
    ),
  },
  { weight: 2, arbitrary: fc.constantFrom(1000, 60_000, 300_000).map((ms) => noticed((world) => void (world.nowMs += ms))) },
  { weight: 1, arbitrary: fc.tuple(index, fc.boolean()).map(([at, online]) => noticed((world) => void (world.at(at).online = online))) },
  {
    weight: 1,
    arbitrary: fc.tuple(index, fc.boolean()).map(([at, isLost]) =>
      noticed((world) => {
        const node = world.at(at);
        if (node.state === 'committed' && node.isLost !== isLost) Object.assign(node, { isLost, seen: false });
      }),
    ),
  },
  {
    weight: 1,
    arbitrary: index.map((at) =>
      noticed((world) => {
        const node = world.at(at);
        if (isOpen(node) || node.state === 'offline') node.state = 'removed';
      }),
    ),
  },
  {
    weight: 1,
    arbitrary: index.map((at) =>
      noticed((world) => {
        const node = world.at(at);
        if (node.state === 'pending' || node.state === 'offline') node.state = 'skipped';
      }),
    ),
  },
  {
    weight: 4,
    arbitrary: fc
      .tuple(fc.constantFrom<RolloutAct>('pause', 'resume', 'retry', 'approve', 'promote', 'abort', 'supersede'), actor, fc.nat({ max: 7 }))
      .map(([what, who, chance]) =>
        // An end ends the history too, so it is rare.
        noticed((world) => void ((what === 'abort' || what === 'supersede') && chance > 0 ? false : world.ask(what, who))),
      ),
  },
  {
    weight: 2,
    arbitrary: fc.nat({ max: 3 }).map(
      (dies): Happening =>
        (world) =>
          world.reconcile(dies),
    ),
  },
);

const strategy: fc.Arbitrary<RolloutStrategyInput> = fc.record({
  settle_secs: fc.constantFrom(0, 300),
  max_in_flight: fc.constantFrom(null, 1, 2),
  offline: fc.constantFrom('wait', 'skip', 'fail'),
  approval: fc.constantFrom('none', 'none', 'after_canary', 'every_wave'),
  second_person: fc.boolean(),
  failure_threshold: fc.constantFrom({}, { max_failures: 1 }),
  catch_up_secs: fc.constantFrom(0, 3600),
});

describe('any history of a rollout', () => {
  it(`keeps its promises and can be brought to an end (${RUNS} histories)`, () => {
    fc.assert(
      fc.property(
        strategy,
        fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 3 }),
        fc.array(index, { maxLength: 2 }),
        fc.array(happening, { maxLength: 25 }),
        (how, sizes, offline, happenings) => {
          const world = new World(how, sizes, offline);
          world.reconcile();
          for (const happens of happenings) happens(world);
          world.reconcile();
          world.letItEnd();
        },
      ),
      { numRuns: RUNS },
    );
  }, 60_000);
});
