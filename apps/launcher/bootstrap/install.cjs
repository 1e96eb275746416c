'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { spawn } = require('node:child_process');
const { clearError } = require('./clear-error.cjs');
const { withInstallLock } = require('./install-lock.cjs');

// Everything here goes to stderr: stdout belongs to the command, and `demo` prints JSON lines on it.
const say = (line) => process.stderr.write(`tidegate: ${line}\n`);
const secondsSince = (startMs) => `${((Date.now() - startMs) / 1000).toFixed(0)} s`;

const readPackages = (file) => {
  try {
    return JSON.parse(fs.readFileSync(file, 'utf8')).packages;
  } catch {
    return undefined;
  }
};

/**
 * Why an install is needed, or undefined. npm writes node_modules/.package-lock.json last, so its absence means that an
 * install was cut off; its content says what is installed, whoever installed it. A time stamp or a stamp of our own would
 * reinstall over somebody's `npm ci` by hand, or miss a `git pull` that changed the lock file.
 */
function installReason(root) {
  if (!fs.existsSync(path.join(root, 'node_modules'))) return 'node_modules is missing';
  const wanted = readPackages(path.join(root, 'package-lock.json'));
  if (!wanted) throw clearError('package-lock.json is missing or unreadable; restore it from git');
  const installed = readPackages(path.join(root, 'node_modules/.package-lock.json'));
  if (!installed) return 'an earlier install did not finish';
  for (const [place, entry] of Object.entries(wanted)) {
    const found = installed[place];
    // Optional packages of other platforms are in the lock file but never on this disk.
    const same = found ? found.version === entry.version && found.integrity === entry.integrity : entry.optional === true;
    if (place !== '' && !same) return `${place} differs from package-lock.json`;
  }
  for (const place of Object.keys(installed)) if (!(place in wanted)) return `${place} is no longer in package-lock.json`;
  return undefined;
}

/** The npm that runs this script, else the one on the path. */
const npmCommand = () => {
  const running = process.env.npm_execpath;
  return running && running.endsWith('npm-cli.js') ? [process.execPath, running] : ['npm'];
};

const EXPLANATIONS = {
  EROFS: 'this folder is on a read-only file system; copy the project to a place you can write to',
  EACCES: 'no permission to write here; use a folder of your own, or correct its owner',
  EPERM: 'no permission to write here; use a folder of your own, or correct its owner',
  ENOSPC: 'the disk is full; an install needs about 800 MB',
  ENOTFOUND: 'the package registry cannot be reached; check the network or the registry in your npm configuration',
  EAI_AGAIN: 'the package registry cannot be reached; check the network or the registry in your npm configuration',
  ECONNREFUSED: 'the package registry refuses connections; check the registry in your npm configuration',
  ECONNRESET: 'the connection to the package registry broke; try again',
  ETIMEDOUT: 'the package registry does not answer; check the network or a proxy',
  EUSAGE: 'package.json and package-lock.json do not belong together',
  EINTEGRITY: 'a downloaded package differs from package-lock.json; clean the npm cache, then find out who altered it',
};

function runNpm(root) {
  const [program, ...args] = [...npmCommand(), 'ci', '--no-audit', '--no-fund', '--loglevel=error', '--include=dev', '--include=optional'];
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    let code;
    let tail = '';
    child.stdout.pipe(process.stderr, { end: false });
    child.stderr.on('data', (chunk) => {
      process.stderr.write(chunk);
      tail = (tail + chunk).slice(-4096);
      const named = /npm (?:error|ERR!) code (\w+)/.exec(tail);
      if (named) code = named[1];
    });
    child.on('error', (error) => reject(clearError(`npm could not be started (${error.code}); install Node with npm first`)));
    child.on('close', (exitCode, signal) => {
      if (exitCode === 0) return resolve();
      const why = EXPLANATIONS[code] || `npm ci ended with ${code || signal || `exit code ${exitCode}`}`;
      reject(clearError(`nothing could be started: ${why}`));
    });
    // Ctrl-C reaches npm by the terminal; a plain kill of this process would leave npm writing into the folder.
    process.once('SIGTERM', () => child.kill('SIGTERM'));
    process.once('SIGINT', () => child.kill('SIGINT'));
  });
}

/** Installs when needed; two starts at the same time install once. */
async function ensureInstalled(root) {
  if (installReason(root) === undefined) return;
  await withInstallLock(root, say, async () => {
    // The other start may have done it while we waited.
    const reason = installReason(root);
    if (reason === undefined) return;
    const startMs = Date.now();
    say(`installing packages, because ${reason} (about half a minute with a warm npm cache, some minutes without)`);
    const progress = setInterval(() => say(`still installing, ${secondsSince(startMs)} so far`), 10_000);
    try {
      await runNpm(root);
    } finally {
      clearInterval(progress);
    }
    say(`installed in ${secondsSince(startMs)}`);
  });
}

module.exports = { ensureInstalled };
