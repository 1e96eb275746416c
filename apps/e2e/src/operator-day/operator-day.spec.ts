import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually } from '../eventually.ts';
import { CHECKOUT, LocalSystem, newFolder } from '../local-system.ts';
import { CommandLine, type Shown } from './command-line.ts';
import { masked, Transcript } from './transcript.ts';

const GUIDE = join(CHECKOUT, 'docs/guide/operator-day.md');
const UPDATE = process.env['TIDEGATE_UPDATE_GUIDE'] === '1';
const INTRO = `<!-- Recorded by apps/e2e/src/operator-day, which fails when the program says something else; do not edit.
     Record anew: TIDEGATE_UPDATE_GUIDE=1 npm run e2e -- --testPathPatterns operator-day -->

# A day with the command line

What an operator does from signing in to taking a token away again, with the output of a real manager and two real agents
(\`npm start -- --nodes 2\`). Every command and option: [cli.md](../cli.md). Data is on stdout, the rest on stderr; below
they stand together, as on a terminal.`;

let system: LocalSystem;
let home: string;
let cli: CommandLine;
const transcript = new Transcript();

beforeAll(async () => {
  [system] = await Promise.all([LocalSystem.start(['--nodes', '2']), CommandLine.build()]);
  home = newFolder();
  cli = new CommandLine(home, system.folder);
}, 240_000);
afterAll(async () => {
  await system.stop();
  system.remove();
  rmSync(home, { recursive: true, force: true });
  CommandLine.removeBuild();
}, 60_000);

/** Runs it as typed, records it, and expects its exit code. */
async function types(line: string, code = 0, environment: Readonly<Record<string, string>> = {}): Promise<Shown> {
  const ran = await cli.record(line.split(' '), environment);
  const prefix = Object.entries(environment).map(([name, value]) => `${name}=${value} `);
  transcript.ran(`${prefix.join('')}tidegate ${line}`, ran);
  expect({ line, ...ran }).toEqual({ line, ...ran, code });
  return ran;
}
const tell = (title: string, words: string): void => transcript.says(`## ${title}\n\n${words}`);
const asJson = async (line: string): Promise<any> => JSON.parse((await cli.run([...line.split(' '), '-o', 'json'])).stdout); // eslint-disable-line @typescript-eslint/no-explicit-any -- looked at by an assertion

describe('a day of an operator', () => {
  it('is what the guide shows', async () => {
    transcript.says(INTRO);
    await morning();
    await upgrades();
    await evening();
    if (UPDATE) {
      mkdirSync(join(GUIDE, '..'), { recursive: true });
      writeFileSync(GUIDE, transcript.text());
    }
    expect(masked(transcript.text())).toBe(masked(readFileSync(GUIDE, 'utf8')));
  }, 300_000);

  it('leaves what signs in to its owner alone, and shows it nowhere', async () => {
    expect(statSync(cli.contextsFile).mode & 0o777).toBe(0o600);
    const { contexts } = JSON.parse(readFileSync(cli.contextsFile, 'utf8')) as {
      contexts: Record<string, { credential: { cookie: string; csrf_token: string } }>;
    };
    const { credential } = Object.values(contexts)[0]!;
    const shown = await Promise.all(
      ['whoami', 'whoami -o json', 'context list -o json', 'account sessions -o yaml'].map((line) => cli.run(line.split(' '))),
    );
    for (const text of [transcript.text(), ...shown.map(({ stdout, stderr }) => stdout + stderr)]) {
      for (const secret of [credential.cookie.split('=')[1]!, credential.csrf_token, system.password]) expect(text).not.toContain(secret);
    }
  }, 60_000);

  it('Ctrl-C ends what follows, with 130 and nothing but what was asked for', async () => {
    const child = cli.spawn(['node', 'watch', 'lantern', '-o', 'json']);
    let [stdout, stderr] = ['', ''];
    child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    await eventually('the first line', 30_000, () => (stdout.includes('\n') ? true : undefined));
    child.kill('SIGINT');
    expect(await once(child, 'exit')).toEqual([130, null]);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout.split('\n')[0]!)).toMatchObject({ name: 'lantern' });
  }, 60_000);

  it('goes on being told after the manager was killed, and says what it may have missed', async () => {
    const child = cli.spawn(['node', 'watch', '-o', 'json']);
    let [stdout, stderr] = ['', ''];
    child.stdout?.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr?.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    const told = (label: string): Promise<true> =>
      eventually(`word of ${label}`, 60_000, async () => {
        await cli.run(['node', 'label', 'lantern', `seen=${label}`]);
        return stdout.includes(`"seen":"${label}"`) ? true : undefined;
      });
    await told('before');
    process.kill(system.row('manager').pid!, 'SIGKILL');
    await eventually('a new stream', 90_000, () => (stderr.includes('Connected again') ? true : undefined));
    await told('after');
    child.kill('SIGINT');
    expect((await once(child, 'exit'))[0]).toBe(130);
  }, 180_000);

  it('a script can tell what went wrong by the exit code alone', async () => {
    const codes = await Promise.all(
      [
        ['node', 'get', 'nobody'],
        ['node', 'list', '--connection', 'sideways'],
        ['node', 'upgrade', 'lantern'],
        ['node', 'get', 'lantern', '--context', 'elsewhere'],
        ['group', 'create', 'default'],
        ['group', 'remove', 'default'],
        ['whoami', '--url', 'http://127.0.0.1:1'],
        ['login', 'http://manager.example.org'],
        ['help'],
      ].map(async (args) => [args.join(' '), (await cli.run(args)).code]),
    );
    expect(Object.fromEntries(codes)).toEqual({
      'node get nobody': 4,
      'node list --connection sideways': 2,
      'node upgrade lantern': 2,
      'node get lantern --context elsewhere': 4,
      'group create default': 5,
      'group remove default': 5,
      'whoami --url http://127.0.0.1:1': 2,
      'login http://manager.example.org': 2,
      help: 2,
    });
    const nobody = await cli.run(['whoami'], { TIDEGATE_URL: 'http://127.0.0.1:1', TIDEGATE_TOKEN: 'tgp_x' });
    expect(nobody.code).toBe(6);
    expect(nobody.stderr).toContain('ECONNREFUSED');
    const stranger = await new CommandLine(newFolder(), system.folder).run(['node', 'list']);
    expect({ code: stranger.code, stdout: stranger.stdout }).toEqual({ code: 3, stdout: '' });
  }, 60_000);
});

async function morning(): Promise<void> {
  tell('Sign in and look', 'At a terminal it asks for the password and shows nothing of it; a script gives it by a file.');
  await types(`login ${system.url} --username admin --password-file admin-password --name harbour`);
  await types('whoami');
  await eventually('both nodes', 60_000, async () => ((await asJson('node list --connection online')).total === 2 ? true : undefined));
  await types('platform status');
  await types('node list');

  tell(
    'Label',
    'Labels are set by people. A change is made on top of what was read; when somebody else was faster, it is refused and nothing is changed.',
  );
  await types('node label lantern site=harbour canary=yes');
  await types('node list --labels site=harbour');
  await types('node label lantern canary-');

  tell('Check', 'What an upgrade would mean, before anything is asked of a node. Scripts take JSON.');
  await types('node check breakwater 1.1.0');
  await types('release check 1.1.0 --device-type tidegate-edge');
}

async function upgrades(): Promise<void> {
  tell(
    'Upgrade and watch',
    'The exit code is 0 only when the node has committed the release. At a terminal the phases are one line with a bar.',
  );
  await types('node upgrade breakwater 1.1.0 --watch');
  await types('node list');

  tell(
    'When it fails',
    'The artefact of this release was altered after it was signed. The node refuses it and goes on running what it ran.',
  );
  await types('node upgrade lantern 1.4.0 --watch', 1);
  await types('event list --node lantern --severity warning');
  await types('node explain lantern --version 1.4.0');

  tell('Go back', 'To the version that the node had before, which lies on its disk: nothing is fetched.');
  await types('node return breakwater --watch');
  await types('upgrade list');
}

async function evening(): Promise<void> {
  tell('Who did what', 'The manager walks its chain; an export can be verified elsewhere, with the public key and without the manager.');
  await types('audit list --action node --limit 4');
  // Heads are signed once a minute; what no head covers yet, nobody can verify elsewhere.
  const isSignedFor = async (): Promise<true | undefined> => {
    const { last_position: last, signed_until: until } = await asJson('audit verify');
    return until === last ? true : undefined;
  };
  await eventually('every row of the trail to be signed for', 120_000, isSignedFor, 1_000);
  await types('audit verify');
  const [{ public_key: key }] = (await asJson('audit keys')).items;
  await types('audit export --file audit.ndjson');
  await types(`audit verify audit.ndjson --key ${key}`);
  const file = join(system.folder, 'audit.ndjson');
  writeFileSync(file, readFileSync(file, 'utf8').replace('"site":"harbour"', '"site":"elsewhere"'));
  transcript.says('Somebody edits the file:');
  await types(`audit verify audit.ndjson --key ${key}`, 1);

  tell('A token for a pipeline', 'It may read and nothing else, and it ends by itself. It is shown once.');
  const made = await types('token api create ci --scopes read --ttl-days 30');
  const token = /^token +(tgp_\S+)$/m.exec(made.shown)![1]!;
  const pipeline = { TIDEGATE_URL: system.url, TIDEGATE_TOKEN: token };
  await types('node count', 0, pipeline);
  await types('node label lantern site=elsewhere', 8, pipeline);
  await types('token api revoke ci');
  await types('node count', 3, pipeline);
  await types('context list');
}
