import { randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { startScriptedManager } from '@tidegate/adapter-link-ws/testing';
import { WIRE } from '@tidegate/contract-protocol';
import { eventually } from '../eventually.ts';
import { NodeUnderAttack, type AttackOptions } from './node-under-attack.ts';
import { Publisher } from './publisher.ts';

const FLOOD = 10_000;
const MIB = 1024 * 1024;

/** A manager that went bad, or whoever took its place: it holds the node's one socket and may say what it likes. */
describe('a compromised manager', () => {
  let folder: string;
  let slot: string;
  let publisher: Publisher;
  const nodes: NodeUnderAttack[] = [];
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tidegate-rogue-commands-'));
    slot = join(folder, 'slot');
    publisher = await Publisher.open(join(folder, 'publisher'));
    await publisher.install(await publisher.buildEdge('1.0.0'), slot, { sequence: 50 });
  }, 120_000);
  afterEach(async () => {
    for (const node of nodes.splice(0)) await node.remove();
  });
  afterAll(async () => {
    await publisher?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const attacked = async (options: AttackOptions = {}): Promise<NodeUnderAttack> => {
    const node = await NodeUnderAttack.start(slot, options);
    nodes.push(node);
    return node;
  };
  const online = async (options: AttackOptions = {}): Promise<NodeUnderAttack> => {
    const node = await attacked(options);
    await node.serves();
    return node;
  };
  /** The disk as it was, the same process, and a beat. */
  const unmoved = async (node: NodeUnderAttack, act: () => Promise<void>): Promise<void> => {
    const [before, pid] = [node.standing(), node.edge.pid];
    await act();
    await node.settles();
    expect(node.standing()).toEqual(before);
    expect(node.edge.pid).toBe(pid);
  };

  it('cannot name a path where a version belongs: the socket is closed and nothing is read', async () => {
    const node = await online();
    const tricks = [
      '../../../etc',
      '1.1.0/../../x',
      '/etc/passwd',
      '1.1.0\u0000',
      '1.1.0+build',
      'v1.1.0',
      '',
      '1.1',
      `1.1.0-${'a'.repeat(80)}`,
      110,
    ];
    for (const version of tricks) {
      await unmoved(node, async () => {
        const command = node.command({ version });
        node.manager.forget();
        node.manager.send(command as never);
        await node.manager.waitFor('auth');
        expect(node.manager.heard.filter((message) => message.type === 'command_ack')).toEqual([]);
      });
    }
    expect(node.source.requests).toEqual([]);
  }, 60_000);

  it('cannot widen the policy: settings, unknown messages, unknown actions and unknown fields change nothing', async () => {
    const wide = { enabled: true, allowed_channels: ['nightly'], allow_major: true, min_version: '0.0.1', max_attempts_per_day: 1e6 };
    const settings = { upgrade: wide, config: { upgrade: wide }, source: { api_base_url: 'http://127.0.0.1:1' } } as object;
    const node = await online({ manager: { settings } });
    await unmoved(node, async () => {
      for (const type of ['settings', 'config', 'policy', 'set_policy']) node.manager.send({ type, upgrade: wide } as never);
      for (const kind of ['exec', 'set_policy', 'write_file', 'add_signer', 'clear_skip_list']) {
        expect(await node.meet(node.command({ kind, argv: ['/bin/sh'], upgrade: wide }))).toMatchObject({
          code: 'command_unknown',
          by: 'ack',
        });
      }
      const bribed = { ...wide, url: 'http://127.0.0.1:1/evil.tar.gz', force: true, signer: 'me' };
      expect(await node.meet(node.command({ channel: 'nightly', ...bribed }))).toMatchObject({ code: 'upgrade_channel_not_allowed' });
      expect(await node.meet(node.command({ version: '2.0.0', ...bribed }))).toMatchObject({ code: 'upgrade_major_not_allowed' });
      expect(await node.meet(node.command(bribed))).toMatchObject({ code: 'upgrade_release_not_found' });
    });
    expect(node.source.requests).toEqual(['/repos/tidegate/tidegate-edge/releases/tags/v1.1.0']);
  });

  it('cannot turn on what the node has switched off', async () => {
    const node = await online({ policy: { enabled: false } });
    await unmoved(node, async () => {
      expect(await node.meet(node.command({ enabled: true, retry_skipped: true }))).toMatchObject({ code: 'upgrade_disabled', by: 'ack' });
    });
    expect(node.source.requests).toEqual([]);
  });

  it('cannot move this node with a command for another one', async () => {
    const node = await online();
    await unmoved(node, async () => {
      expect(await node.meet(node.command({}, { node_id: randomUUID() }))).toMatchObject({ code: 'message_unexpected', by: 'ack' });
    });
    expect(node.state().history).toEqual([]);
  });

  it('cannot have one command done twice, also over a kill of the agent (replayed command)', async () => {
    const node = await online();
    const command = node.command();
    expect((await node.meet(command)).code).toBe('upgrade_release_not_found');
    const first = node.manager.heard.find((message) => message.type === 'command_ack');
    await node.edge.restart();
    await node.settles();
    await unmoved(node, async () => {
      node.manager.forget();
      node.manager.send(command as never);
      expect(await node.manager.waitFor('command_ack')).toEqual(first);
    });
    expect(node.state().history).toHaveLength(1);
    expect(node.source.requests).toHaveLength(1);
  });

  it('cannot have a command started after its time to live, nor give it one without end', async () => {
    const node = await online();
    for (const ttl of [0, -1, 1.5, 31 * 86_400]) {
      await unmoved(node, async () => {
        node.manager.forget();
        node.manager.send(node.command({}, { ttl_secs: ttl }) as never);
        await node.manager.waitFor('auth');
      });
    }
    // The source keeps the attempt waiting; the agent is killed, and finds the command past its time.
    const hanging = (): void => undefined;
    node.source.offer('1.1.0', { description: hanging, manifest: hanging, bundle: hanging, artefact: hanging, artefactName: 'x' });
    const command = node.command({}, { ttl_secs: 1 });
    const met = node.meet(command);
    await eventually('the request', 10_000, () => (node.source.requests.length > 0 ? true : undefined));
    const acceptedAt = performance.now();
    await eventually('the end of its second', 10_000, () => (performance.now() - acceptedAt > 1100 ? true : undefined));
    await node.edge.restart();
    expect((await met).code).toMatch(/^upgrade_(interrupted|command_expired)$/);
    await node.settles();
    expect(node.state().history).toHaveLength(1);
  }, 60_000);

  it('cannot speak before it has accepted the node (commands before auth_ok)', async () => {
    const command = {
      type: 'command',
      id: randomUUID(),
      node_id: randomUUID(),
      ttl_secs: 60,
      action: { kind: 'upgrade_binary', version: '1.1.0', channel: 'stable' },
    };
    const node = await attacked({ manager: { tooEarly: [command] } });
    await eventually('the refusal', 15_000, () => (node.edge.said.join('').includes('message_unexpected') ? true : undefined));
    await node.servesLocally();
    expect(node.manager.heard.map((message) => message.type)).not.toContain('command_ack');
    expect(node.state().history).toEqual([]);
    expect(node.source.requests).toEqual([]);
    expect((await node.edge.ask('status')).code).toBe(0);
  });

  it('cannot be another manager under the same address: the node neither authenticates nor enrols (pin)', async () => {
    const node = await online();
    const port = Number(new URL(node.manager.url).port);
    await node.manager.close();
    node.manager = await startScriptedManager({ port, nodes: node.nodes, tooEarly: [node.command()] });
    await eventually('the refusal', 15_000, () => (node.edge.said.join('').includes('manager_identity_mismatch') ? true : undefined));
    expect(node.manager.heard).toEqual([]);
    expect(node.state().history).toEqual([]);
    expect((await node.edge.ask('status')).code).toBe(0);
  });

  it('cannot make the node swallow an oversized, binary or endless frame', async () => {
    const node = await online();
    const frames = [
      Buffer.alloc(WIRE.maxPayloadBytes + 1, ' ').toString(),
      'x'.repeat(8 * MIB),
      Buffer.from([1, 2, 3]),
      '{',
      '['.repeat(60_000),
      '{"type":"command"}',
    ];
    for (const frame of frames) {
      await unmoved(node, async () => {
        node.manager.forget();
        node.manager.sendRaw(frame);
        await node.manager.waitFor('auth');
      });
    }
    expect(residentBytes(node)).toBeLessThan(300 * MIB);
  }, 60_000);

  it(`cannot drown the node in ${FLOOD} commands: none of them runs, memory and disk stay small`, async () => {
    const node = await online({ policy: { allowed_channels: ['beta'] } });
    await unmoved(node, async () => {
      const before = residentBytes(node);
      for (let nth = 0; nth < FLOOD; nth++) node.manager.send(node.command() as never);
      expect(await node.meet(node.command())).toMatchObject({ code: 'upgrade_rate_limited', details: { rule: 'commands_per_minute' } });
      expect(node.manager.heard.filter((message) => message.type === 'command_ack')).toHaveLength(FLOOD + 1);
      // Each of them with writes of its own kept a disk busy for minutes: so many were weighed and remembered, two minutes' worth at most.
      expect((node.state()['executedCommands'] as unknown[]).length).toBeLessThanOrEqual(120);
      expect(residentBytes(node) - before).toBeLessThan(100 * MIB);
    });
    expect(readFileSync(join(node.edge.root, 'state.json')).length).toBeLessThan(MIB);
    expect(node.source.requests).toEqual([]);
  }, 120_000);

  it('cannot flap the node: a minimum interval holds, also behind a screen of refused commands', async () => {
    // More refusals than the history is long, but not so many that the brake on commands answers first.
    const node = await online({ policy: { min_attempt_interval_secs: 3600 } });
    expect((await node.meet(node.command())).code).toBe('upgrade_release_not_found');
    await node.settles();
    await unmoved(node, async () => {
      for (let nth = 0; nth < 55; nth++) expect(await node.meet(node.command({ channel: 'nightly' }))).toMatchObject({ by: 'ack' });
      expect(await node.meet(node.command())).toMatchObject({
        code: 'upgrade_rate_limited',
        details: { rule: 'min_attempt_interval_secs' },
      });
    });
    expect(node.source.requests).toHaveLength(1);
  });

  it('cannot flap the node: so many attempts a day, also over a kill of the agent', async () => {
    const node = await online({ policy: { max_attempts_per_day: 3 } });
    for (let nth = 0; nth < 3; nth++) {
      expect((await node.meet(node.command())).code).toBe('upgrade_release_not_found');
      await node.settles();
    }
    await node.edge.restart();
    await node.settles();
    await unmoved(node, async () => {
      expect(await node.meet(node.command())).toMatchObject({ code: 'upgrade_rate_limited', details: { rule: 'max_attempts_per_day' } });
    });
    expect(node.source.requests).toHaveLength(3);
  });
});

/** What the agent's process holds in memory, by the kernel's count. */
function residentBytes(node: NodeUnderAttack): number {
  const kib = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${node.edge.pid}/status`, 'utf8'))?.[1];
  return Number(kib) * 1024;
}
