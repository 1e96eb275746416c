import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, rmSync } from 'node:fs';

/**
 * `commit=600`: the journal is not written by the clock, so that what was not synced stays unsynced for as long as a cut may
 * come. `noauto_da_alloc` also takes away the kernel's own care for files that are renamed over others.
 */
export const MOUNT_MODES = ['commit=600', 'commit=600,noauto_da_alloc'] as const;
export type MountMode = (typeof MOUNT_MODES)[number];

const run = (program: string, ...args: readonly string[]): void =>
  void execFileSync(program, args, { stdio: ['ignore', 'ignore', 'pipe'] });

/** Why images cannot be mounted here; undefined where they can. */
export function whyNoImages(folder: string): string | undefined {
  if (process.getuid?.() !== 0) return 'not root';
  const image = `${folder}/probe.img`;
  try {
    makeImage(image);
    mount(image, `${folder}/probe`, 'commit=600');
    unmount(`${folder}/probe`);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message.split('\n')[0] : 'unknown';
  } finally {
    rmSync(image, { force: true });
  }
}

export function makeImage(image: string): void {
  run('truncate', '-s', '64M', image);
  run('mkfs.ext4', '-q', '-F', '-E', 'lazy_itable_init=0', image);
}

export function mount(image: string, at: string, mode: MountMode): void {
  mkdirSync(at, { recursive: true });
  run('mount', '-o', `loop,${mode}`, image, at);
}

/** Writes everything back; a cut is a copy of the image, never this. */
export function unmount(at: string): void {
  run('umount', at);
  rmSync(at, { recursive: true });
}

/** What had reached the disk at this moment. The image itself is a file in memory, so nothing has to be synced to read it. */
export const cut = (image: string, copy: string): void => run('cp', '--sparse=always', image, copy);

export const copyImage = (image: string, copy: string): void => cpSync(image, copy);
