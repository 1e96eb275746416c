/** Short words for tests of the engine: commands, starts, and waiting on a condition. */
import { expect } from '@jest/globals';
import { isTerminal } from '@tidegate/contract-events';
import type { Channel } from '@tidegate/contract-manifest';
import { commandId, nodeId, type Command } from '@tidegate/contract-protocol';
import { createUpgradeEngine, type EngineParts, type UpgradeEngine } from '../index.ts';
import { aManifest, version, type FakeNode } from './fake-node.ts';

let commands = 0;
export const anUpgrade = (to: string, more: Partial<Extract<Command['action'], { kind: 'upgrade_binary' }>> = {}): Command => ({
  type: 'command',
  id: commandId.parse(`00000000-0000-4000-8000-${String(++commands).padStart(12, '0')}`),
  node_id: nodeId.parse('00000000-0000-4000-9000-000000000000'),
  ttl_secs: 600,
  action: { kind: 'upgrade_binary', version: version(to), channel: 'stable' as Channel, ...more },
});

export const aReturn = (to: string): Command => ({ ...anUpgrade(to), action: { kind: 'return_to_previous', version: version(to) } });

export const boot = async (node: FakeNode, more: Partial<EngineParts> = {}): Promise<UpgradeEngine> => {
  const engine = createUpgradeEngine(node.parts(more));
  await engine.recover();
  return engine;
};

/** The engine works on promises only: letting the microtasks run dry is a condition, not a sleep. */
export const settled = async (until: () => boolean): Promise<void> => {
  for (let turn = 0; turn < 2000 && !until(); turn++) await Promise.resolve();
  expect(until()).toBe(true);
};
export const quiet = async (): Promise<void> => {
  for (let turn = 0; turn < 500; turn++) await Promise.resolve();
};
export const ended = (engine: UpgradeEngine) => (): boolean => {
  const report = engine.report();
  return report !== null && isTerminal(report.state);
};
export const names = (node: FakeNode): string[] => node.disk.spool.map((event) => event.name);

/** Up to the restart into the candidate. */
export const activated = async (node: FakeNode, to = '1.1.0', more: Partial<EngineParts> = {}): Promise<Command> => {
  if (!node.isPublished(to)) node.publish(aManifest(to));
  const before = node.restarts();
  const engine = await boot(node, more);
  const command = anUpgrade(to);
  expect(await engine.accept(command)).toMatchObject({ accepted: true });
  await settled(() => node.restarts() > before);
  return command;
};
