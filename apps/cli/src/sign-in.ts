import { secondFactorChallenge, sessionView, type SessionView } from '@tidegate/contract-api';
import type { Command } from 'commander';
import { Client, type Manager } from './client.ts';
import type { Credential } from './context-file.ts';
import { badUsage, ending } from './ending.ts';
import { Printer } from './look.ts';
import { ask, askSecret, secretFrom } from './prompt.ts';
import { proofOf } from './second-factor-commands.ts';
import { checkedUrl, clientOf, contextNamed, managerOf, type GlobalOptions, type Surroundings } from './session.ts';

interface LoginOptions extends GlobalOptions {
  readonly username?: string;
  readonly passwordFile?: string;
  readonly tokenFile?: string;
  readonly code?: string;
  readonly ca?: string;
  readonly name?: string;
}

/** `login`, `logout`, `whoami`, `account password`. */
export function addSignIn(program: Command, account: Command, from: Surroundings): void {
  program
    .command('login')
    .description('Sign in to a manager and make it the current context.')
    .argument('[url]', 'where the manager is; without, that of the current context')
    .option('--username <name>', 'who signs in')
    .option('--password-file <file>', 'first line of this file, or of stdin for -, instead of asking')
    .option('--code <code>', 'of the authenticator app, or a recovery code; without, it is asked for where it is needed')
    .option('--token-file <file>', 'use the API token in this file, or in stdin for -')
    .option('--ca <file>', 'PEM of who signed the manager’s certificate')
    .option('--name <context>', 'what to call the context; without, the manager’s host')
    .action((url: string | undefined, _: object, command: Command) => login(url, command.optsWithGlobals(), from));
  program
    .command('logout')
    .description('End the session and forget it. An API token is revoked with --revoke, and forgotten in any case.')
    .option('--revoke', 'revoke the API token, too')
    .action((_: object, command: Command) => logout(command.optsWithGlobals(), from));
  program
    .command('whoami')
    .description('Who is signed in, and where.')
    .action(async (_: object, command: Command) => {
      const options = command.optsWithGlobals<GlobalOptions>();
      const client = clientOf(from, options);
      // Without the CSRF token: half of what a session is.
      const { user, via, expires_at } = sessionView.parse(await client.ask('readSession'));
      new Printer(from, options).one({ url: client.manager.url, username: user.username, role: user.role, via, expires_at, id: user.id });
    });
  account
    .command('password')
    .description('Choose another password; ends every other session.')
    .option('--old-password-file <file>', 'instead of asking')
    .option('--new-password-file <file>', 'instead of asking')
    .action((_: object, command: Command) => changePassword(command.optsWithGlobals(), from));
}

async function login(given: string | undefined, options: LoginOptions, from: Surroundings): Promise<void> {
  const contexts = from.contexts.read();
  const known = given === undefined && options.url === undefined ? contextNamed(contexts, options)?.context : undefined;
  const address = given ?? options.url ?? from.environment.url ?? known?.url;
  if (address === undefined) throw badUsage('Which manager?', 'tidegate login https://manager.example.org');
  const url = checkedUrl(address);
  const caFile = options.ca ?? known?.ca_file ?? null;
  const manager: Manager = { url, ca: caFile === null ? null : from.readFile(caFile), credential: null };
  const credential = options.tokenFile === undefined ? await openSession(manager, options, from) : await tokenOf(options.tokenFile, from);
  const session = sessionView.parse(await new Client({ ...manager, credential }, from.signal).ask('readSession'));
  const name = options.name ?? options.context ?? (known ? contexts.current : null) ?? new URL(url).host;
  // Read again: somebody may have signed in elsewhere while this one typed.
  const { contexts: others } = from.contexts.read();
  const { username } = session.user;
  from.contexts.write({ current: name, contexts: { ...others, [name]: { url, username, credential, ca_file: caFile } } });
  const printer = new Printer(from, options);
  printer.say(`Signed in to ${url} as ${username}.`);
  if (session.second_factor_setup_required)
    printer.say('A second factor is asked for here. Turn it on now: tidegate account second-factor on');
  if (session.password_change_required) printer.say('This is a one-time password. Choose your own now: tidegate account password');
}

const tokenOf = async (file: string, from: Surroundings): Promise<Credential> => ({
  via: 'api_token',
  token: await secretFrom(file, from),
});

async function openSession(manager: Manager, options: LoginOptions, from: Surroundings): Promise<Credential> {
  const username = options.username ?? (await ask('User', from));
  const password = options.passwordFile === undefined ? await askSecret('Password', from) : await secretFrom(options.passwordFile, from);
  const client = new Client(manager, from.signal);
  const answered = await client.askWhole('signIn', { body: { username, password } });
  const asked = secondFactorChallenge.safeParse(answered.answer);
  if (!asked.success) return sessionOf(answered);
  const proof = proofOf(options.code ?? (await ask('Code', from)).trim());
  return sessionOf(await client.askWhole('completeSignIn', { body: { challenge: asked.data.challenge, ...proof } }));
}

function sessionOf({ answer, headers }: Awaited<ReturnType<Client['askWhole']>>): Credential {
  const session: SessionView = sessionView.parse(answer);
  const cookie = (headers['set-cookie'] ?? []).map((line) => line.split(';', 1)[0]).join('; ');
  if (cookie === '') throw ending('unavailable', 'manager_unavailable', { meaning: 'The manager gave no session.' });
  return { via: 'session', cookie, csrf_token: session.csrf_token };
}

async function logout(options: GlobalOptions & { revoke?: boolean }, from: Surroundings): Promise<void> {
  const found = contextNamed(from.contexts.read(), options);
  if (!found?.context.credential) throw ending('not_signed_in', 'not_signed_in', { hint: 'There is nothing to sign out of.' });
  if (found.context.credential.via === 'session' || options.revoke) await clientOf(from, options).ask('signOut');
  const contexts = from.contexts.read();
  from.contexts.write({ ...contexts, contexts: { ...contexts.contexts, [found.name]: { ...found.context, credential: null } } });
  new Printer(from, options).say(`Signed out of ${found.context.url}.`);
}

interface PasswordOptions extends GlobalOptions {
  readonly oldPasswordFile?: string;
  readonly newPasswordFile?: string;
}

async function changePassword(options: PasswordOptions, from: Surroundings): Promise<void> {
  const { oldPasswordFile, newPasswordFile } = options;
  const manager = managerOf(from, options);
  const oldPassword = oldPasswordFile === undefined ? await askSecret('Old password', from) : await secretFrom(oldPasswordFile, from);
  const newPassword = newPasswordFile === undefined ? await askTwice(from) : await secretFrom(newPasswordFile, from);
  const body = { old_password: oldPassword, new_password: newPassword };
  // The answer brings a new session in the place of the old one.
  const credential = sessionOf(await new Client(manager, from.signal).askWhole('changePassword', { body }));
  const contexts = from.contexts.read();
  const found = contextNamed(contexts, options);
  if (found) from.contexts.write({ ...contexts, contexts: { ...contexts.contexts, [found.name]: { ...found.context, credential } } });
  new Printer(from, options).say('The password is changed.');
}

async function askTwice(from: Surroundings): Promise<string> {
  const password = await askSecret('New password', from);
  if ((await askSecret('New password again', from)) === password) return password;
  throw badUsage('The two are not the same.', 'Nothing was changed.');
}
