import { recoveryCodes, secondFactorSecret } from '@tidegate/contract-api';
import type { Command } from 'commander';
import type { Client } from './client.ts';
import { Printer } from './look.ts';
import { ask, askSecret, secretFrom } from './prompt.ts';
import { clientOf, type GlobalOptions, type Surroundings } from './session.ts';

interface Options extends GlobalOptions {
  readonly passwordFile?: string;
  readonly code?: string;
}

const SIX_DIGITS = /^\d{3} ?\d{3}$/;

/** What somebody types where a code is asked for: that of the app, or a recovery code. */
export const proofOf = (typed: string): { readonly code: string } | { readonly recovery_code: string } =>
  SIX_DIGITS.test(typed) ? { code: typed } : { recovery_code: typed };

/** `account second-factor on` and `off`, which ask on the way. */
export function addSecondFactor(topic: Command, from: Surroundings): void {
  topic
    .command('on')
    .description('Ask for a code of an authenticator app, too, when you sign in. Shows the secret for the app, and recovery codes.')
    .option('--password-file <file>', 'first line of this file, or of stdin for -, instead of asking')
    .action((_: object, command: Command) => turnOn(command.optsWithGlobals(), from));
  topic
    .command('off')
    .description('Sign in by the password alone again.')
    .option('--password-file <file>', 'first line of this file, or of stdin for -, instead of asking')
    .option('--code <code>', 'of the app, or a recovery code; without, it is asked for')
    .action((_: object, command: Command) => turnOff(command.optsWithGlobals(), from));
}

async function turnOn(options: Options, from: Surroundings): Promise<void> {
  const [client, printer] = [clientOf(from, options), new Printer(from, options)];
  const { secret, uri } = secondFactorSecret.parse(
    await client.ask('beginSecondFactor', { body: { password: await passwordOf(options, from) } }),
  );
  printer.say(`Add this to your authenticator app:\n\n  ${secret.replaceAll(/(.{4})(?=.)/g, '$1 ')}\n  ${uri}\n`);
  printer.one(recoveryCodes.parse(await confirmed(client, from)));
  printer.say('It is on. Keep the recovery codes: each signs in once when the app is gone, and they are not shown again.');
}

const confirmed = async (client: Client, from: Surroundings): Promise<unknown> =>
  await client.ask('confirmSecondFactor', { body: { code: (await ask('Code', from)).trim() } });

async function turnOff(options: Options, from: Surroundings): Promise<void> {
  const client = clientOf(from, options);
  const password = await passwordOf(options, from);
  const proof = proofOf(options.code ?? (await ask('Code', from)).trim());
  await client.ask('removeSecondFactor', { body: { password, ...proof } });
  new Printer(from, options).say('It is off.');
}

const passwordOf = async ({ passwordFile }: Options, from: Surroundings): Promise<string> =>
  passwordFile === undefined ? await askSecret('Password', from) : await secretFrom(passwordFile, from);
