const OVERVIEW = `tidegate-edge: the agent of a managed node

  run                    connect to the manager and serve until stopped
  probe                  exit 0 when the manager answers and accepts this node's key
  status                 what runs, what is on trial, policy, floor and skip list
  history                the last attempts and how long each step took
  verify DIR             check a downloaded release against what this build trusts
  apply                  activate the release that is staged and waits
  rollback               return to the previous version
  unblock VERSION        let a version that was reverted here be tried again
  doctor                 look for what is wrong with this node, and say what to do
  config print [--check] the settings that hold and the file each came from
  version                this build and whom it trusts
  help [COMMAND]         this text, or more about one command

  -o json                answer as one line of JSON (all but run, probe and help)

Exit codes: 0 done; 1 refused or failed; 2 wrong usage; 69 the agent is not running; 70 fault of the program;
75 another agent runs on this root; 77 identity cannot be used; 78 configuration cannot be used.
Install root: TIDEGATE_ROOT (default /opt/tidegate/tidegate-edge). Run it as root or as the agent's user.
`;

const DETAILS: Readonly<Record<string, string>> = {
  run: `tidegate-edge run

Serves until it is stopped, or until an activation asks to be started again (exit 0 in both cases).
SIGTERM and SIGINT stop it; SIGUSR1 applies what is staged and waits, as \`tidegate-edge apply\` does.
`,
  probe: `tidegate-edge probe

Exit 0 when the manager answers and accepts this node's key, or when none is configured; 1 otherwise. Takes no session
over and changes nothing. The boot guard asks the committed version so, to tell a bad candidate from an absent manager.
`,
  status: `tidegate-edge status [-o json]

Asks the running agent; without one, says what the disk says (agent_pid is then empty, and so is manager).
`,
  history: `tidegate-edge history [-o json]

Up to 50 ended attempts, newest first. Works without the agent.
`,
  verify: `tidegate-edge verify DIR [-o json]

DIR holds manifest.json, manifest.sig.bundle and at least one artefact under its signed name. Signature, signer, transparency
log, artefact digests and the archive's content are checked as in an attempt, offline; this node's policy is not asked.
`,
  apply: `tidegate-edge apply [-o json]

With manual_only, or outside the maintenance window, a release is downloaded, verified and staged, and then waits. This lets
it go on at once. Refused with upgrade_nothing_staged when nothing waits. Needs the running agent.
`,
  rollback: `tidegate-edge rollback [-o json]

A return to the version that was committed before, from its slot on the disk; it is verified again, and proves itself in a
trial like any other. Refused with upgrade_no_previous when there is none. Needs the running agent.
`,
  unblock: `tidegate-edge unblock VERSION [-o json]

Takes every release of VERSION off the skip list of versions that the boot guard reverted here. Needs the running agent.
`,
  doctor: `tidegate-edge doctor [-o json]

Checks root, configuration, guard, links, modes, disk, state, identity, agent, clock, sources and manager. Each finding has
a code (docs/errors.md) and says what to do. Changes nothing. Exit 1 when something is broken.
`,
  'config print': `tidegate-edge config print [--check] [-o json]

The settings that hold, each with the file it came from: config.json, then config.d/*.json in the order of their names, later
files win. Credentials in addresses are masked. --check exits 78 on any problem, also on keys nobody reads.
`,
  version: `tidegate-edge version [-o json]

Version, device type, and whom this build trusts. A build that says \`trust: demo\` or \`trust: test\` is not for production.
`,
};

/** The text for one command; the overview for none, or one nobody knows. */
export const helpFor = (name: string): string => DETAILS[name === 'config' ? 'config print' : name] ?? OVERVIEW;
