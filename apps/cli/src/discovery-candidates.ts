import { discoveryCandidates } from '@tidegate/contract-api';
import type { Command } from 'commander';
import { Printer } from './look.ts';
import { clientOf, type GlobalOptions, type Surroundings } from './session.ts';
import { VIEWS, type CandidateOfType } from './views.ts';

/** `release discovery candidates`. */
export function addDiscoveryCandidates(discovery: Command, from: Surroundings): void {
  discovery
    .command('candidates')
    .description('Tags newer than what runs, per device type, newest first.')
    .option('--device-type <text>', 'only this one')
    .option('--limit <number>', 'so many at most, per device type')
    .action(async (_: object, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions & { deviceType?: string; limit?: string }>();
      const printer = new Printer(from, options);
      const query = { device_type: options.deviceType, limit: options.limit };
      const answer = discoveryCandidates.parse(await clientOf(from, options).ask('listDiscoveryCandidates', { query }));
      if (printer.options.output !== 'table') return printer.data(answer);
      const items = answer.device_types.flatMap(({ device_type, items: found }) =>
        found.map((one): CandidateOfType => ({ ...one, device_type })),
      );
      if (!answer.configured) printer.say('No git remote is configured.');
      printer.list({ items }, VIEWS.candidate);
    });
}
