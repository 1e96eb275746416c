'use strict';

const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const { spawn, spawnSync } = require('node:child_process');
const { clearError } = require('./clear-error.cjs');

/** The oldest Node that runs the sources as they are; package.json `engines` says the same. */
const OLDEST = [24, 15];
const PARENT_POLL_MS = 1000;

const isNewEnough = (version) => {
  const [major, minor] = version.replace(/^v/, '').split('.').map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
};

/** The pinned Node that npm installed for this platform; where there is none, the machine's own if it is new enough. */
function findRuntime(root) {
  const pinned = path.join(root, 'node_modules/.bin/node');
  // Asked, not assumed: on a C library other than glibc the binary is there and does not start.
  const answer = spawnSync(pinned, ['--version'], { encoding: 'utf8' });
  if (answer.status === 0 && isNewEnough(answer.stdout.trim())) return fs.realpathSync(pinned);
  if (isNewEnough(process.version)) return process.execPath;
  throw clearError(
    `there is no packaged Node for ${os.platform()}-${os.arch()} and this one is ${process.version}; install Node ${OLDEST.join('.')} or later`,
  );
}

/** Ends the child when this process is killed outright. Linux only; elsewhere the launcher notices its closed pipes. */
function dieTogether(command) {
  if (os.platform() !== 'linux') return command;
  const found = spawnSync('setpriv', ['--help'], { encoding: 'utf8' });
  return found.status === 0 && found.stdout.includes('--pdeathsig') ? ['setpriv', '--pdeathsig', 'TERM', '--', ...command] : command;
}

function childEnvironment(root, command) {
  const nodeOptions = [process.env.NODE_OPTIONS, command.nodeOptions].filter(Boolean).join(' ');
  return {
    ...process.env,
    // Everything below finds the same Node and the same tools, also when this was not started by npm.
    PATH: `${path.join(root, 'node_modules/.bin')}${path.delimiter}${process.env.PATH || ''}`,
    NX_DAEMON: 'false',
    ...(nodeOptions && { NODE_OPTIONS: nodeOptions }),
  };
}

/** Runs the program of a command and resolves with its exit code; a signal that ended it ends this process the same way. */
function handOver(root, runtime, command, args) {
  const [program, ...rest] = dieTogether([runtime, ...command.program, ...args]);
  const child = spawn(program, rest, { cwd: root, stdio: 'inherit', env: childEnvironment(root, command) });
  forwardSignals(child);
  const stopWatching = endWithParent(child);
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('exit', (code, signal) => {
      stopWatching();
      if (signal === null) return resolve(code);
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
      return undefined;
    });
  });
}

function forwardSignals(child) {
  const inTerminal = Boolean(process.stdin.isTTY);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    // In a terminal Ctrl-C reaches the child directly; passing it on as well would look like a second, impatient Ctrl-C.
    process.on(signal, () => (signal === 'SIGINT' && inTerminal) || child.kill(signal));
  }
}

/** When npm itself is killed outright nobody tells us: we are handed to another parent, so that is what is watched for. */
function endWithParent(child) {
  if (!process.env.npm_lifecycle_event) return () => undefined;
  const parent = process.ppid;
  const timer = setInterval(() => process.ppid !== parent && child.kill('SIGTERM'), PARENT_POLL_MS);
  return () => clearInterval(timer);
}

module.exports = { findRuntime, handOver };
