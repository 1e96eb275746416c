import { readFileSync } from 'node:fs';

/** What changes a file system, by the kind it has in numbered-fs.mjs. */
const KINDS: Readonly<Record<string, string>> = {
  mkdir: 'mkdir', mkdirat: 'mkdir', rename: 'rename', renameat: 'rename', renameat2: 'rename', unlink: 'unlink', rmdir: 'rmdir',
  symlink: 'symlink', symlinkat: 'symlink', link: 'link', linkat: 'link', chmod: 'chmod', fchmod: 'chmod', fchmodat: 'chmod', fchmodat2: 'chmod',
  chown: 'chown', fchown: 'chown', fchownat: 'chown', lchown: 'chown', write: 'write', pwrite64: 'write', writev: 'write', pwritev: 'write',
  fsync: 'sync', fdatasync: 'sync', truncate: 'truncate', ftruncate: 'truncate', utimensat: 'utimes', mknodat: 'mknod', fallocate: 'fallocate',
  copy_file_range: 'copy', sendfile: 'copy', setxattr: 'xattr', fsetxattr: 'xattr',
}; // prettier-ignore
const LOOKED_AT = [...Object.keys(KINDS), 'openat', 'open', 'creat', 'unlinkat', 'io_uring_setup'];

/** Put before a program (`?`: where the kernel or strace has no such call, nobody makes it); `log` gets every call that could change a disk. */
export const traced = (log: string): readonly string[] => [
  'strace',
  '-f',
  '-qq',
  '-y',
  '-e',
  `trace=${LOOKED_AT.map((call) => `?${call}`).join(',')}`,
  '-o',
  log,
];

interface Change {
  readonly kind: string;
  readonly path: string;
}

/** The changes below `folder` that the kernel saw, whether they succeeded or not. */
export function changesSeen(log: string, folder: string): readonly Change[] {
  return (
    readFileSync(log, 'utf8')
      .split('\n')
      .flatMap((line) => parse(line) ?? [])
      .filter(({ path }) => path === folder || path.startsWith(`${folder}/`))
      // The socket of the local API holds nothing; the runtime removes its name by itself when it closes.
      .filter(({ kind, path }) => kind !== 'unlink' || !path.endsWith('/run/agent.sock'))
  );
}

function parse(line: string): Change | undefined {
  const [, call = '', args = ''] = /^\d+ +(\w+)\((.*)$/.exec(line) ?? [];
  // It works past every call that is looked at here.
  if (call === 'io_uring_setup') return { kind: call, path: '/' };
  const quoted = [...args.matchAll(/"([^"]*)"/g)].map(([, text]) => text ?? '');
  if (/^(openat?|creat)$/.test(call)) {
    return /O_(CREAT|WRONLY|RDWR|TRUNC)/.test(args) ? { kind: 'open', path: quoted[0] ?? '' } : undefined;
  }
  if (call === 'unlinkat') return { kind: args.includes('AT_REMOVEDIR') ? 'rmdir' : 'unlink', path: quoted[0] ?? '' };
  const kind = KINDS[call];
  if (kind === undefined) return undefined;
  const ofDescriptor = /^\d+<([^>]*)>/.exec(args)?.[1];
  return { kind, path: ofDescriptor ?? quoted.at(-1) ?? '' };
}

/** The changes that nobody numbered: the same call on the same path, as often. */
export function unnumbered(seen: readonly Change[], calls: string): readonly string[] {
  const numbered = new Map<string, number>();
  for (const line of readFileSync(calls, 'utf8').split('\n')) {
    const call = line.replace(/^\d+ /, '');
    numbered.set(call, (numbered.get(call) ?? 0) + 1);
  }
  return seen.flatMap(({ kind, path }) => {
    const call = `${kind} ${path}`;
    const left = numbered.get(call) ?? 0;
    numbered.set(call, left - 1);
    return left > 0 ? [] : [call];
  });
}
