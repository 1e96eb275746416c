'use strict';

const JEST = ['node_modules/jest/bin/jest.js'];
const jest = (...args) => ({ program: [...JEST, ...args], nodeOptions: '--experimental-vm-modules --no-warnings' });

/**
 * What each npm script runs on Node 24, relative to the root; arguments of the caller are appended.
 * The help texts stand here, and not in the programs, because `--help` must answer before anything is installed.
 */
const COMMANDS = {
  start: {
    program: ['apps/launcher/src/main.ts', 'start'],
    summary: 'start the manager, the console, a release source and a small fleet on this machine',
    usage: ['npm start -- [--port N] [--data-dir DIR] [--nodes N] [--no-fleet]'],
  },
  demo: {
    program: ['apps/launcher/src/main.ts', 'demo'],
    summary: 'drive upgrades and reverts through the API and print one JSON line per step',
    usage: ['npm run demo -- --once'],
  },
  test: {
    // More workers than cores: the medium ring waits for processes and sockets more than it computes.
    ...jest('--selectProjects', 'unit', 'medium', '--maxWorkers=3'),
    summary: 'run the unit and medium rings',
    usage: ['npm test', 'npm test -- --testPathPatterns libs/domain'],
  },
  e2e: {
    ...jest('--selectProjects', 'e2e', '--runInBand'),
    summary: 'run the whole-system ring, one suite after the other',
    usage: ['npm run e2e'],
  },
  bench: {
    program: ['apps/launcher/src/bench/main.ts'],
    summary: 'measure an area against a baseline in the same run, one JSON line per row',
    usage: ['npm run bench -- edge'],
  },
  gen: {
    program: ['apps/launcher/src/gen/main.ts'],
    summary: 'write the generated docs and schemas, or with --check say which are out of date',
    usage: ['npm run gen', 'npm run gen -- --check'],
  },
  build: {
    program: ['node_modules/nx/dist/bin/nx.js', 'run-many', '-t', 'build'],
    summary: 'build every project that has something to build',
    usage: ['npm run build'],
  },
  lint: {
    program: ['apps/launcher/src/lint/main.ts'],
    summary: 'check formatting, rules, layers, types and generated files; name steps to run only those',
    usage: ['npm run lint', 'npm run lint -- eslint types'],
  },
};

const help = (name) => {
  if (name !== undefined) {
    const { summary, usage } = COMMANDS[name];
    return `tidegate ${name}: ${summary}\n\n${usage.map((line) => `  ${line}\n`).join('')}`;
  }
  const width = Math.max(...Object.keys(COMMANDS).map((key) => key.length));
  const lines = Object.entries(COMMANDS).map(([key, { summary }]) => `  ${key.padEnd(width)}  ${summary}\n`);
  return `Usage: npm run <command> -- [arguments], or npm run <command> -- --help\n\n${lines.join('')}`;
};

module.exports = { COMMANDS, help };
