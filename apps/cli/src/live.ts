import { setTimeout as sleep } from 'node:timers/promises';
import { streamMessage, type EventView, type NodeView, type StreamMessage } from '@tidegate/contract-api';
import { Option, type Command } from 'commander';
import type { Client } from './client.ts';
import { Ending } from './ending.ts';
import { linesOf } from './lines.ts';
import { Printer, type Look } from './look.ts';
import { nodeIdOf } from './names.ts';
import { plain } from './plain.ts';
import { fieldsOf, filled, optionOf } from './route-options.ts';
import { clientOf, type GlobalOptions, type Surroundings } from './session.ts';
import type { Column } from './table.ts';
import { VIEWS } from './views.ts';

const AGAIN_AFTER_MS = 2000;
/** The other end is gone without a word. */
const BROKEN_OFF = new Set(['ECONNRESET', 'ERR_STREAM_PREMATURE_CLOSE']);

/** What the manager tells as it happens. A stream that breaks is opened again; what happened meanwhile is not told, and that is said. */
async function* told(
  client: Client,
  query: Readonly<Record<string, unknown>>,
  printer: Printer,
  from: Surroundings,
): AsyncGenerator<StreamMessage> {
  for (let hasBegun = false; ;) {
    try {
      const response = await client.open('openStream', { query });
      if (hasBegun) printer.say('Connected again; what happened in between is in the lists.');
      hasBegun = true;
      for await (const line of linesOf(response)) {
        // A type that is newer than this program is passed over.
        const message = line.startsWith('data:') ? streamMessage.safeParse(JSON.parse(line.slice('data:'.length))) : undefined;
        if (message?.success) yield message.data;
      }
    } catch (error) {
      const passes = error instanceof Ending ? error.exit === 'unavailable' : BROKEN_OFF.has((error as NodeJS.ErrnoException).code ?? '');
      if (!hasBegun || !passes) throw error;
    }
    // Ctrl-C ends what is read from like an orderly end.
    from.signal.throwIfAborted();
    printer.say('The manager has closed the stream; connecting again.');
    await sleep(AGAIN_AFTER_MS, undefined, { signal: from.signal });
  }
}

const lineOf = <Row>(shape: readonly Column<Row>[], row: Row): string =>
  shape
    .map(({ cell }) => cell(row))
    .map((value) =>
      value === null ? '-' : typeof value === 'object' ? (value.paint?.(plain(value.text)) ?? plain(value.text)) : plain(String(value)),
    )
    .join('  ');
const eventLine = (event: EventView) => (look: Look) => lineOf(VIEWS.event(look), event);
const nodeLine = (node: NodeView) => (look: Look) => lineOf(VIEWS.node(look), node);

/** `event follow`. */
export function addEventFollow(event: Command, from: Surroundings): void {
  const fields = fieldsOf('openStream', ['topic']);
  const command = event.command('follow').description('Events as they happen, until Ctrl-C.');
  for (const field of fields) command.addOption(optionOf(field));
  command.addOption(new Option('--count <number>', 'end after so many').argParser(Number));
  command.action(async () => {
    const options = command.optsWithGlobals<GlobalOptions & { count?: number }>();
    const [client, printer] = [clientOf(from, options), new Printer(from, options)];
    const { query } = await filled(fields, { ...options }, client, from.now());
    let left = options.count ?? Infinity;
    for await (const message of told(client, { ...query, topic: 'events' }, printer, from)) {
      if (message.type !== 'event') continue;
      printer.item(message.event, eventLine(message.event));
      left -= 1;
      if (left <= 0) return;
    }
  });
}

/** `node watch`. */
export function addNodeWatch(node: Command, from: Surroundings): void {
  node
    .command('watch')
    .description('What changes about a node, or about all of them, until Ctrl-C.')
    .argument('[node]', 'name or id of the node')
    .action(async (name: string | undefined, _: object, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const [client, printer] = [clientOf(from, options), new Printer(from, options)];
      const nodeId = name === undefined ? undefined : await nodeIdOf(client, name);
      if (nodeId !== undefined) {
        const before = (await client.ask('readNode', { path: { id: nodeId } })) as NodeView;
        printer.item(before, nodeLine(before));
      }
      for await (const message of told(client, { topic: 'nodes', node_id: nodeId }, printer, from)) {
        if (message.type === 'node') printer.item(message.node, nodeLine(message.node));
        if (message.type === 'node_removed') printer.item(message, () => `${message.node_id} removed`);
      }
    });
}
