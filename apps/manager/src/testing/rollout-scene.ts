import type { RolloutPlan, RolloutView, TargetView } from '@tidegate/contract-api';
import type { FromManager } from '@tidegate/contract-protocol';
import type { Answer, ManagerUnderTest } from './manager-under-test.ts';
import { newGroup } from './people.ts';
import { newIdentity, type ScriptedNode } from './scripted-node.ts';

type Command = Extract<FromManager, { type: 'command' }>;
/** What a node makes of a command; null: nothing yet. */
export type Outcome = 'committed' | 'failed' | 'rolled_back' | 'refused' | null;
export type Behaviour = (nodeId: string) => Outcome;

/** So little at a time that what really happens keeps up with the clock. */
const STEP_MS = 100;
const MOST_STEPS = 3000;

interface Member {
  readonly node: ScriptedNode;
  readonly id: string;
  version: string;
  seq: number;
  /** Told, and not answered yet. */
  readonly open: Command[];
  /** All commands it ever got. */
  readonly told: Command[];
}

/** A group of nodes that do as they are told, and a rollout over them. */
export class RolloutScene {
  readonly members: Member[] = [];
  /** Other replicas, whose time passes too. */
  readonly replicas: ManagerUnderTest[] = [];

  private constructor(
    readonly manager: ManagerUnderTest,
    readonly group: { readonly id: string; readonly name: string },
    private readonly pin: string,
  ) {}

  /** @param pin digest of the manifest that a node reports once it runs what it was told to. */
  static async open(manager: ManagerUnderTest, count: number, pin: string): Promise<RolloutScene> {
    const scene = new RolloutScene(manager, await newGroup(manager), pin);
    for (let made = 0; made < count; made += 1) await scene.join();
    return scene;
  }

  async join(by: ManagerUnderTest = this.manager, beat: object = {}): Promise<Member> {
    const { node, hello } = await by.greet(newIdentity());
    const id = await node.enrol(await this.manager.token({ group: this.group.name }));
    await node.authenticate(hello);
    await node.beat(beat);
    const member: Member = { node, id, version: '1.0.0', seq: 0, open: [], told: [] };
    this.members.push(member);
    return member;
  }

  member(id: string): Member {
    const found = this.members.find((member) => member.id === id);
    if (!found) throw new Error(`no node ${id} in this scene`);
    return found;
  }

  /** Nodes that were ever told to do something. */
  get told(): string[] {
    this.take();
    return this.members.filter((member) => member.told.length > 0).map(({ id }) => id);
  }

  ask(body: object): Promise<Answer> {
    return this.manager.call('POST', `/api/v1/groups/${this.group.id}/upgrade`, { version: '1.1.0', ...body });
  }

  async begin(strategy: object = {}, body: object = {}): Promise<RolloutPlan & { rollout: RolloutView }> {
    const answer = await this.ask({ strategy: { settle_secs: 0, ...strategy }, ...body });
    if (answer.status !== 202) throw new Error(`rollout: ${JSON.stringify(answer.body)}`);
    return answer.body as RolloutPlan & { rollout: RolloutView };
  }

  act(id: string, what: string, body?: object): Promise<Answer> {
    return this.manager.call('POST', `/api/v1/rollouts/${id}/${what}`, body);
  }

  async view(id: string): Promise<RolloutView> {
    return (await this.manager.call('GET', `/api/v1/rollouts/${id}`)).body as RolloutView;
  }

  async targets(id: string): Promise<readonly TargetView[]> {
    return (await this.manager.call('GET', `/api/v1/rollouts/${id}/targets`)).body.items as TargetView[];
  }

  /** Time passes and nodes answer, until the rollout is as wanted. */
  async until(
    id: string,
    done: (view: RolloutView) => boolean | Promise<boolean>,
    behave: Behaviour = () => 'committed',
  ): Promise<RolloutView> {
    let view = await this.view(id);
    for (let steps = 0; steps < MOST_STEPS; steps += 1) {
      if (await done(view)) return view;
      await this.answer(behave);
      for (const { clock } of [this.manager, ...this.replicas]) clock.advance(STEP_MS);
      view = await this.view(id);
    }
    throw new Error(`the rollout stays ${JSON.stringify({ ...view, strategy: undefined })}`);
  }

  untilPhase(id: string, phase: RolloutView['phase'], behave?: Behaviour): Promise<RolloutView> {
    return this.until(id, (view) => view.phase === phase, behave);
  }

  /** Time passes, and whatever would happen in it happens. */
  async pass(id: string, ms: number, behave: Behaviour = () => null): Promise<RolloutView> {
    const end = this.manager.clock.now().getTime() + ms;
    return await this.until(id, () => this.manager.clock.now().getTime() >= end, behave);
  }

  async answer(behave: Behaviour): Promise<void> {
    this.take();
    for (const member of this.members) {
      const [command] = member.open;
      if (!command) continue;
      const outcome = behave(member.id);
      if (outcome === null) continue;
      member.open.shift();
      await this.report(member, command, outcome);
    }
  }

  private take(): void {
    for (const { node, open, told } of this.members) {
      const commands = node.received.filter((message) => message.type === 'command');
      for (const command of commands) node.received.splice(node.received.indexOf(command), 1);
      open.push(...commands);
      told.push(...commands);
    }
  }

  private async report(member: Member, command: Command, outcome: Exclude<Outcome, null>): Promise<void> {
    const { node } = member;
    const version = 'version' in command.action ? command.action.version : member.version;
    const details = {
      attempt_id: `a-${member.seq}`,
      command_id: command.id,
      from_version: member.version,
      to_version: version,
      channel: 'stable',
      arch: 'x64',
      variant: 'thin',
    };
    const say = (name: string, more: object = {}): Promise<void> => node.report((member.seq += 1), name, { ...details, ...more });
    if (outcome === 'failed') return await say('upgrade_failed', { error_code: 'upgrade_checksum_mismatch' });
    if (outcome === 'refused') return await say('upgrade_refused', { error_code: 'upgrade_disabled' });
    if (outcome === 'rolled_back') return await say('upgrade_rolled_back', { reason: 'health' });
    const runs = { committed_version: version, previous_version: member.version, manifest_sha256: this.pinOf(version) };
    await node.beat({ software_version: version, ...runs });
    member.version = version;
    await say('upgrade_completed', { manifest_sha256: this.pinOf(version) });
  }

  /** What they came with was not installed from a release. */
  private pinOf(version: string): string | null {
    return version === '1.0.0' ? null : this.pin;
  }

  /** All that live say so, as they do every few seconds. */
  async beat(change: object = {}, of: (nodeId: string) => boolean = () => true): Promise<void> {
    for (const { node, id, version } of this.members)
      if (of(id) && !node.closed)
        await node.beat({
          software_version: version,
          committed_version: version,
          manifest_sha256: this.pinOf(version),
          ...change,
        });
  }

  end(): void {
    for (const { node } of this.members) node.end();
  }
}
