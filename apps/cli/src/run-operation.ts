import { routeOf } from '@tidegate/contract-api';
import { Option, type Command } from 'commander';
import { VIEWS } from './views.ts';
import { Printer } from './look.ts';
import { RESOLVERS } from './names.ts';
import type { Operation } from './operations.ts';
import { fieldsOf, filled, optionOf } from './route-options.ts';
import { clientOf, type GlobalOptions, type Surroundings } from './session.ts';
import type { Ask, Client } from './client.ts';

/** Gives a command what the operation's schemas know: arguments, options, and what it does. */
export function describeOperation(command: Command, operation: Operation, from: Surroundings): void {
  const route = routeOf(operation.route);
  command.description(route.summary);
  const { arguments: words = [] } = operation;
  for (const { name, says, optional } of words) command.argument(optional ? `[${name}]` : `<${name}>`, says);
  const fields = fieldsOf(operation.route, [
    ...(operation.without ?? []),
    ...words.filter(({ place }) => place !== 'path').map(({ fills }) => fills),
  ]);
  for (const field of fields) command.addOption(optionOf(field));
  const isPaged = fields.some(({ name }) => name === 'cursor');
  if (isPaged) command.addOption(new Option('--all', 'every page'));
  if (route.idempotent) command.addOption(new Option('--idempotency-key <key>', 'the same key again: the same work, not another one'));
  command.action(async () => {
    const options = command.optsWithGlobals<GlobalOptions & Record<string, unknown>>();
    const printer = new Printer(from, options);
    const client = clientOf(from, options);
    const { query, body } = await filled(fields, options, client, from.now());
    const path: Record<string, string> = {};
    const places = { path, query, body };
    for (const [index, { place, fills, resolve }] of words.entries()) {
      const given = command.args[index];
      if (given !== undefined) places[place][fills] = resolve ? await RESOLVERS[resolve](client, given) : given;
    }
    const asked: Ask = {
      path,
      query,
      ...(route.body && { body }),
      ...(typeof options['idempotencyKey'] === 'string' && { idempotencyKey: options['idempotencyKey'] }),
    };
    show(await answerOf(client, operation, asked, isPaged && options['all'] === true), operation, printer);
  });
}

async function answerOf(client: Client, { route, reads }: Operation, asked: Ask, all: boolean): Promise<unknown> {
  if (reads) return await client.change(route, reads, asked);
  if (!all) return await client.ask(route, asked);
  const items: unknown[] = [];
  for await (const page of client.pages(route, asked)) items.push(...page.items);
  return { items, next_cursor: null };
}

function show(answer: unknown, { view, done }: Operation, printer: Printer): void {
  if (view) printer.list(answer as { items: readonly unknown[] }, VIEWS[view]);
  else if (answer !== undefined) printer.one(answer);
  if (done !== undefined) printer.say(done);
}
