import { healthCommands } from './platform-commands.ts';
import { Argument, Command, Option } from 'commander';
import { addAudit } from './audit-commands.ts';
import { candidateLines, candidates, SCRIPTS, SHELLS } from './completion.ts';
import { addContexts } from './contexts.ts';
import { addDiscoveryCandidates } from './discovery-candidates.ts';
import { addEventFollow, addNodeWatch } from './live.ts';
import { addNodeLabel } from './node-label.ts';
import { OPERATIONS, TOPICS } from './operations.ts';
import { addRollouts } from './rollout-commands.ts';
import { describeOperation } from './run-operation.ts';
import { OUTPUTS, type Surroundings } from './session.ts';
import { addSecondFactor } from './second-factor-commands.ts';
import { addSignIn } from './sign-in.ts';
import { addNodeReturn, addNodeUpgrade, addReleaseCheck, addUpgradeWatch } from './upgrade-commands.ts';

/** The whole tree of commands; docs, completion and the program itself come from it. */
export function buildProgram(from: Surroundings, version: string): Command {
  const program = new Command('tidegate')
    .description('Work with a Tidegate manager from a terminal or a script.')
    .addOption(new Option('-o, --output <format>', 'how answers are written').choices(OUTPUTS).default('table'))
    .option('--context <name>', 'another context than the current one')
    .option('--url <url>', 'the manager, with TIDEGATE_TOKEN as the credential; also TIDEGATE_URL')
    .option('--no-color', 'no colour, as with NO_COLOR and where nobody looks')
    .option('--quiet', 'say nothing on stderr but errors')
    .option('--utc', 'times in UTC instead of the local zone')
    .helpCommand(false)
    .configureHelp({ showGlobalOptions: true })
    .exitOverride();
  const topic = (words: string): Command => topicOf(program, words.split(' '));
  addSignIn(program, topic('account'), from);
  addSecondFactor(topic('account second-factor'), from);
  addContexts(topic('context'), from);
  for (const operation of OPERATIONS) {
    const words = operation.words.split(' ');
    describeOperation(topicOf(program, words.slice(0, -1)).command(words.at(-1) ?? ''), operation, from);
  }
  addNodeLabel(topic('node'), from);
  addNodeUpgrade(topic('node'), from);
  addNodeReturn(topic('node'), from);
  addNodeWatch(topic('node'), from);
  addUpgradeWatch(topic('upgrade'), from);
  addRollouts(topic('rollout'), from);
  addReleaseCheck(topic('release'), from);
  addDiscoveryCandidates(topic('release discovery'), from);
  addEventFollow(topic('event'), from);
  addAudit(topic('audit'), from);
  healthCommands(topic('platform'), from);
  addOwnCommands(program, from, version);
  return program;
}

/** The command of these words; made when it is not there yet. */
function topicOf(program: Command, words: readonly string[]): Command {
  return words.reduce((parent, word, index) => {
    const says = TOPICS[words.slice(0, index + 1).join(' ')] ?? '';
    return parent.commands.find((command) => command.name() === word) ?? parent.command(word).description(says).helpCommand(false);
  }, program);
}

/** What needs no manager. */
function addOwnCommands(program: Command, from: Surroundings, version: string): void {
  program
    .command('completion')
    .description('The script that completes commands in a shell: source it from the shell’s start-up file.')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .action((shell: (typeof SHELLS)[number]) => void from.stdout.write(SCRIPTS[shell]));
  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .action((words: string[]) => void from.stdout.write(candidateLines(candidates(program, words))));
  program
    .command('version')
    .description('Version of this program.')
    .action(() => void from.stdout.write(`${version}\n`));
}
