/*
 * Loaded before an agent (`node --import`): numbers every call that changes something below one folder, and ends or fails
 * the process at one of them. What to do stands in TIDEGATE_CRASH as JSON:
 *
 *   folder   calls on paths below it count
 *   mode     count | kill-before | kill-after | ENOSPC | EIO | EROFS
 *   point    the number of the call, from 1
 *   every    stops itself (SIGSTOP) before every nth call, beginning with the call number `first`
 *   unsynced true makes every fsync do nothing
 *   log      file that gets one line per call, `number kind path`
 *   proc     a folder that stands in for /proc where the agent reads clock and boot id
 *
 * Calls that the kernel sees as several (recursive mkdir and rm, a write) are cut into those steps, because a crash falls
 * between them; a write counts as two halves. A worker may not change anything: it would have numbers of its own.
 */
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { isMainThread } from 'node:worker_threads';

const order = JSON.parse(process.env.TIDEGATE_CRASH ?? '{}');
const real = { ...fs, promises: { ...fs.promises } };
const log = order.log === undefined ? undefined : real.openSync(order.log, 'a');
const FAILS = ['ENOSPC', 'EIO', 'EROFS'];
/** What still works then. A full disk can be tidied; a read-only one can be synced; a bad sector is met once. */
const SPARED = { ENOSPC: ['unlink', 'rmdir', 'chmod', 'rename', 'truncate'], EROFS: ['sync'], EIO: [] };
let calls = 0;

const counts = (path) => typeof path === 'string' && order.folder !== undefined && `${resolve(path)}/`.startsWith(`${order.folder}/`);
const fault = (code, kind, path) =>
  Object.assign(new Error(`${code}: put in by the test, ${kind} '${path}'`), { code, errno: -1, syscall: kind, path });

function die() {
  process.kill(process.pid, 'SIGKILL');
  for (;;);
}

/** Before the call: whether it may happen; and after it: whether life goes on. */
function enter(kind, path) {
  if (!isMainThread) {
    real.writeSync(2, `a worker calls ${kind} on ${path}\n`);
    die();
  }
  calls += 1;
  const number = calls;
  if (log !== undefined) real.writeSync(log, `${number} ${kind} ${path}\n`);
  if (order.mode === 'kill-before' && number === order.point) die();
  if (order.every !== undefined && number % order.every === order.first % order.every) process.kill(process.pid, 'SIGSTOP');
  const hit = order.mode === 'EIO' ? number === order.point : number >= order.point;
  if (FAILS.includes(order.mode) && hit && !SPARED[order.mode].includes(kind)) throw fault(order.mode, kind, path);
  return () => {
    if (order.mode === 'kill-after' && number === order.point) die();
  };
}

function step(kind, path, act) {
  if (!counts(path)) return act();
  const left = enter(kind, path);
  const result = act();
  left();
  return result;
}
async function stepLater(kind, path, act) {
  if (!counts(path)) return act();
  const left = enter(kind, path);
  const result = await act();
  left();
  return result;
}

const { O_WRONLY, O_RDWR, O_CREAT, O_TRUNC, O_APPEND } = fs.constants;
const opensForChange = (flags = 'r') =>
  typeof flags === 'number' ? (flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC | O_APPEND)) !== 0 : flags !== 'r';
/** Kind of a call by its name, and which argument is the path that changes. */
const PLAIN = { rename: 1, symlink: 1, link: 1, rmdir: 0, unlink: 0, chmod: 0, chown: 0, lchown: 0, utimes: 0, lutimes: 0, truncate: 0 };
/** No part of the agent uses these; one that did would slip by unnumbered, so they do not work at all. */
const UNKNOWN = ['cp', 'copyFile', 'mkdtemp', 'createWriteStream', 'writev', 'ftruncate', 'futimes', 'fchmod', 'fchown'];
const unknown = (name) => () => {
  throw new Error(`${name} is not numbered; teach numbered-fs.mjs`);
};

// Synchronous calls.
const paths = new Map();
for (const [name, argument] of Object.entries(PLAIN)) {
  fs[`${name}Sync`] = (...args) => step(name, args[argument], () => real[`${name}Sync`](...args));
  // Node's own recursive rm calls these.
  fs[name] = (...args) => (counts(args[argument]) ? unknown(name)() : real[name](...args));
  fs.promises[name] = (...args) => stepLater(name, args[argument], () => real.promises[name](...args));
}
for (const name of UNKNOWN) {
  fs[`${name}Sync`] = unknown(name);
  fs[name] = unknown(name);
  if (name in fs.promises) fs.promises[name] = unknown(name);
}
for (const name of ['open', 'mkdir', 'rm', 'writeFile', 'appendFile']) {
  const first = real[name];
  fs[name] = (path, ...rest) => (counts(path) && !(name === 'open' && !opensForChange(rest[0])) ? unknown(name)() : first(path, ...rest));
}
fs.mkdirSync = (path, options) => {
  if (!counts(path) || !options?.recursive) return step('mkdir', path, () => real.mkdirSync(path, options));
  const missing = [];
  for (let folder = resolve(path); !real.existsSync(folder); folder = dirname(folder)) missing.unshift(folder);
  for (const folder of missing) step('mkdir', folder, () => real.mkdirSync(folder, { mode: options.mode }));
  return missing[0];
};
fs.openSync = (path, flags, ...rest) => {
  const fd = opensForChange(flags) ? step('open', path, () => real.openSync(path, flags, ...rest)) : real.openSync(path, flags, ...rest);
  paths.set(fd, path);
  return fd;
};
fs.closeSync = (fd) => {
  paths.delete(fd);
  real.closeSync(fd);
};
fs.writeSync = (fd, ...rest) => step('write', paths.get(fd), () => real.writeSync(fd, ...rest));
for (const name of ['fsyncSync', 'fdatasyncSync']) fs[name] = (fd) => step('sync', paths.get(fd), () => order.unsynced || real[name](fd));
fs.writeFileSync = (path, data, options) => {
  if (!counts(path)) return real.writeFileSync(path, data, options);
  const fd = fs.openSync(path, options?.flag ?? 'w', options?.mode);
  try {
    const bytes = Buffer.from(data);
    const middle = Math.floor(bytes.length / 2);
    for (const half of [bytes.subarray(0, middle), bytes.subarray(middle)]) step('write', path, () => real.writeFileSync(fd, half));
  } finally {
    fs.closeSync(fd);
  }
};
for (const name of ['rmSync', 'appendFileSync']) {
  const first = real[name];
  fs[name] = (path, ...rest) => (counts(path) ? unknown(name)() : first(path, ...rest));
}
fs.fsync = (fd, done) =>
  void stepLater('sync', paths.get(fd), () => order.unsynced || promisify(real.fsync)(fd)).then(() => done(null), done);

// Promises.
fs.promises.mkdir = async (path, options) => {
  if (!counts(path) || !options?.recursive) return stepLater('mkdir', path, () => real.promises.mkdir(path, options));
  const missing = [];
  for (let folder = resolve(path); !real.existsSync(folder); folder = dirname(folder)) missing.unshift(folder);
  for (const folder of missing) await stepLater('mkdir', folder, () => real.promises.mkdir(folder, { mode: options.mode }));
  if (missing.length === 0 && !real.statSync(path).isDirectory()) throw fault('EEXIST', 'mkdir', path);
  return missing[0];
};
fs.promises.rm = async (path, options = {}) => {
  if (!counts(path)) return real.promises.rm(path, options);
  const found = real.lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) {
    if (options.force) return;
    throw fault('ENOENT', 'rm', path);
  }
  if (!found.isDirectory()) return stepLater('unlink', path, () => real.promises.unlink(path));
  if (!options.recursive) throw fault('ERR_FS_EISDIR', 'rm', path);
  for (const name of real.readdirSync(path)) await fs.promises.rm(join(path, name), options);
  await stepLater('rmdir', path, () => real.promises.rmdir(path));
};
fs.promises.writeFile = async (path, data, options) => {
  if (typeof path !== 'string' || !counts(path)) return real.promises.writeFile(path, data, options);
  const handle = await fs.promises.open(path, options?.flag ?? 'w', options?.mode);
  try {
    await handle.writeFile(data);
  } finally {
    await handle.close();
  }
};
fs.promises.appendFile = unknown('appendFile');
fs.promises.open = async (path, flags, mode) => {
  const open = () => real.promises.open(path, flags, mode);
  return wrap(opensForChange(flags) ? await stepLater('open', path, open) : await open(), path);
};

async function writeHalves(handle, path, bytes, write) {
  const middle = Math.floor(bytes.length / 2);
  for (const half of [bytes.subarray(0, middle), bytes.subarray(middle)]) {
    await stepLater('write', path, async () => {
      for (let offset = 0; offset < half.length;) offset += (await write(half.subarray(offset))).bytesWritten;
    });
  }
}

function wrap(handle, path) {
  if (!counts(path)) return handle;
  const write = handle.write.bind(handle);
  handle.write = async (bytes, offset = 0, length = undefined, position = undefined) => {
    if (typeof bytes === 'string' || length !== undefined || position !== undefined) throw new Error('this form of write is not numbered');
    await writeHalves(handle, path, bytes.subarray(offset), (half) => write(half));
    return { bytesWritten: bytes.length - offset, buffer: bytes };
  };
  handle.writeFile = handle.appendFile = (data) => writeHalves(handle, path, Buffer.from(data), (half) => write(half));
  handle.writev = unknown('writev');
  handle.createWriteStream = unknown('createWriteStream');
  for (const name of ['truncate', 'chmod', 'chown', 'utimes']) {
    const act = handle[name].bind(handle);
    handle[name] = (...args) => stepLater(name, path, () => act(...args));
  }
  for (const name of ['sync', 'datasync']) {
    const act = handle[name].bind(handle);
    handle[name] = () => stepLater('sync', path, () => (order.unsynced ? undefined : act()));
  }
  return handle;
}

// The clock and the boot that the guard is shown, too.
if (order.proc !== undefined) {
  const shown = (path) =>
    path === '/proc/uptime' || path === '/proc/sys/kernel/random/boot_id' ? join(order.proc, path.slice('/proc/'.length)) : path;
  fs.readFileSync = (path, ...rest) => real.readFileSync(shown(path), ...rest);
}

syncBuiltinESMExports();
