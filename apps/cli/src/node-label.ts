import { nodeView } from '@tidegate/contract-api';
import type { Command } from 'commander';
import { badUsage } from './ending.ts';
import { Printer } from './look.ts';
import { nodeIdOf } from './names.ts';
import { clientOf, type GlobalOptions, type Surroundings } from './session.ts';

/** `site=harbour` sets a label, `canary-` takes it away. */
export function labelChanges(words: readonly string[]): Record<string, string | null> {
  return Object.fromEntries(
    words.map((word) => {
      const at = word.indexOf('=');
      if (at > 0) return [word.slice(0, at), word.slice(at + 1)];
      if (at === -1 && word.length > 1 && word.endsWith('-')) return [word.slice(0, -1), null];
      throw badUsage(`${word} is no change of a label.`, 'key=value sets a label, key- takes it away.');
    }),
  );
}

/** `node label`. */
export function addNodeLabel(node: Command, from: Surroundings): void {
  node
    .command('label')
    .description('Set and take away labels; without any, show them.')
    .argument('<node>', 'name or id of the node')
    .argument('[labels...]', 'key=value to set, key- to take away')
    .action(async (name: string, words: string[], _: object, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const [client, printer] = [clientOf(from, options), new Printer(from, options)];
      const path = { id: await nodeIdOf(client, name) };
      const labels = labelChanges(words);
      const answer =
        words.length === 0
          ? await client.ask('readNode', { path })
          : await client.change('updateNode', 'readNode', { path, body: { labels } });
      printer.one(nodeView.parse(answer).labels);
    });
}
