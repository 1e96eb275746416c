import type { Command } from 'commander';
import { Client } from './client.ts';
import { Printer } from './look.ts';
import { managerOf, type GlobalOptions, type Surroundings } from './session.ts';

/** `platform status`. */
export function healthCommands(platform: Command, from: Surroundings): void {
  platform
    .command('status')
    .description('Whether the manager is up and ready to serve, and what its nodes are doing; exit code 6 when it is not.')
    .action(async (_: object, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const manager = managerOf(from, options);
      const client = new Client(manager, from.signal);
      const { status: process } = (await client.ask('healthz')) as { status: string };
      const { status: service } = (await client.ask('readyz')) as { status: string };
      const { total, connection, badge } = (await client.ask('countNodes')) as { total: number; connection: object; badge: object };
      new Printer(from, options).one({ url: manager.url, process, service, nodes: { total, ...connection }, upgrades: badge });
    });
}
