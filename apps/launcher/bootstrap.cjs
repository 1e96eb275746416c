#!/usr/bin/env node
/*
 * The one entry of every npm script. It must run on the machine's own Node, however old (16 and later), before anything is
 * installed: plain CommonJS, no dependency, no syntax newer than Node 16. It installs what is missing, then hands over to
 * the pinned Node 24, which the install brought along.
 */
'use strict';

const path = require('node:path');
const { COMMANDS, help } = require('./bootstrap/commands.cjs');
const { ensureInstalled } = require('./bootstrap/install.cjs');
const { findRuntime, handOver } = require('./bootstrap/run.cjs');

const root = path.resolve(__dirname, '../..');

async function main([name, ...rest]) {
  const command = name === undefined || name.startsWith('-') ? undefined : COMMANDS[name];
  if (!command) {
    const asked = name === undefined || name === '--help' || name === '-h';
    (asked ? process.stdout : process.stderr).write((asked ? '' : `tidegate: there is no command "${name}".\n\n`) + help());
    return asked ? 0 : 2;
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    process.stdout.write(help(name));
    return 0;
  }
  await ensureInstalled(root);
  return handOver(root, findRuntime(root), command, rest);
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error) => {
    // A refusal of our own is one clear line; anything else is a bug and keeps its stack.
    process.stderr.write(`${error.clear ? `tidegate: ${error.message}` : error.stack}\n`);
    process.exitCode = 1;
  },
);
