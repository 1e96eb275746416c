'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { clearError } = require('./clear-error.cjs');

const POLL_MS = 300;
const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

const readOwner = (file) => {
  try {
    return Number(fs.readFileSync(file, 'utf8')) || 0;
  } catch {
    return 0;
  }
};

const isAlive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
};

/** True when the lock is now ours. The file is linked into place with its content, so that nobody ever reads it empty. */
function tryLock(file) {
  const own = `${file}.${process.pid}`;
  fs.writeFileSync(own, `${process.pid}`);
  try {
    fs.linkSync(own, file);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    return false;
  } finally {
    fs.unlinkSync(own);
  }
}

/** Removes the lock of a start that died. Renamed first and looked at again: another waiter may have just replaced it. */
function breakLock(file, deadPid) {
  const aside = `${file}.broken-${process.pid}`;
  try {
    fs.renameSync(file, aside);
    if (readOwner(aside) !== deadPid) fs.linkSync(aside, file);
    fs.unlinkSync(aside);
  } catch (error) {
    if (error.code !== 'ENOENT' && error.code !== 'EEXIST') throw error;
  }
}

/**
 * Runs `work` while no other start of this checkout installs. Two `npm ci` in one folder delete each other's files,
 * and both then fail with an error that names neither cause.
 */
async function withInstallLock(root, say, work) {
  const file = path.join(root, '.tidegate', 'install.lock');
  let waiting = false;
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true });
    while (!tryLock(file)) {
      const owner = readOwner(file);
      if (owner !== 0 && !isAlive(owner)) {
        breakLock(file, owner);
        continue;
      }
      if (!waiting) say(`another start (process ${owner}) is installing packages; waiting for it`);
      waiting = true;
      await pause(POLL_MS);
    }
  } catch (error) {
    throw clearError(`nothing could be installed: ${root} cannot be written (${error.code}); use a folder of your own`);
  }
  try {
    return await work();
  } finally {
    fs.rmSync(file, { force: true });
  }
}

module.exports = { withInstallLock };
