import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { CrashNode } from './crash-node.ts';
import { inLanes } from './crash-points.ts';
import { copyImage, makeImage, mount, MOUNT_MODES, unmount, whyNoImages } from './ext4-image.ts';
import { memoryFolder } from './memory-folder.ts';
import { bootFrom, cutDuring, type Attempt } from './power-cuts.ts';
import { serveReleases, type Releases } from './releases.ts';

const MINUTES = 60_000;
const CUTS = Math.ceil(200 / Number(process.env['TIDEGATE_CRASH_STRIDE'] ?? 1));
const LANES = availableParallelism() + 1;

const folder = mkdtempSync(join(memoryFolder, 'power-cut-'));
const missing = whyNoImages(folder);
if (missing !== undefined) process.stdout.write(`power cuts: skipped, images cannot be mounted here (${missing})\n`);
const here = missing === undefined ? it : it.skip;

let releases: Releases;
let template: CrashNode;

beforeAll(async () => {
  if (missing !== undefined) return;
  releases = await serveReleases(join(folder, 'releases'));
  const at = join(folder, 'template');
  makeImage(`${at}.img`);
  mount(`${at}.img`, at, 'commit=600');
  template = await CrashNode.install(at, 'good', releases);
  unmount(at);
}, 2 * MINUTES);
afterAll(async () => {
  await releases?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** One upgrade and all that could have become of it; returns what is broken, and counts where the cuts fell. */
async function cutAndBoot(attempt: Attempt, name: string, stood: Record<string, number>, atMost: number): Promise<readonly string[]> {
  const image = join(folder, `${name}.img`);
  copyImage(join(folder, 'template.img'), image);
  const cuts = await cutDuring(attempt, template, image, releases);
  const broken: string[] = [];
  const left = cuts.slice(0, atMost);
  for (const unused of cuts.slice(atMost)) rmSync(unused);
  await inLanes(LANES, () => {
    const copy = left.shift();
    return copy === undefined ? undefined : boot(copy);
  });
  async function boot(copy: string): Promise<void> {
    const booted = await bootFrom(copy, attempt, template, releases);
    stood[booted.stood] = (stood[booted.stood] ?? 0) + 1;
    for (const fault of booted.faults) {
      const what = `${attempt.build} build, ${attempt.mode}, cut in ${booted.stood}: ${fault}`;
      broken.push(what);
      if (!attempt.unsynced) process.stdout.write(`broken: ${what}\n`);
    }
  }
  return broken;
}

describe('the power fails during an upgrade, and what was not synced is gone', () => {
  here(
    `${CUTS} times: the machine comes back with a version that runs, whole slots, and an attempt that ends`,
    async () => {
      const stood: Record<string, number> = {};
      const broken: string[] = [];
      const count = (): number => Object.values(stood).reduce((sum, number) => sum + number, 0);
      for (let number = 0; count() < CUTS; number += 1) {
        const mode = MOUNT_MODES[number % 2] ?? MOUNT_MODES[0];
        const build = number % 4 < 2 ? 'good' : 'bad';
        // Another offset each time, so that in the end every call was the one before which the power failed.
        const attempt: Attempt = { build, mode, pace: { every: 8, first: number * 3, guardMs: 4 + ((number * 7) % 40) } };
        broken.push(...(await cutAndBoot(attempt, `live-${number}`, stood, CUTS - count())));
      }
      process.stdout.write(`power cuts: ${count()} tried, ${broken.length} broken ${JSON.stringify(stood)}\n`);
      expect(broken).toEqual([]);
      expect(Object.keys(stood)).toEqual(expect.arrayContaining(['before', 'fetching', 'activating', 'trial', 'ended']));
    },
    12 * MINUTES,
  );

  here(
    'an agent that never syncs does not pass: this suite sees what a missing fsync does',
    async () => {
      const attempt: Attempt = {
        build: 'good',
        mode: 'commit=600,noauto_da_alloc',
        pace: { every: 40, first: 0, guardMs: 60 },
        unsynced: true,
      };
      const broken = await cutAndBoot(attempt, 'unsynced', {}, 12);
      process.stdout.write(`power cuts: an agent without fsync broke ${broken.length} times\n`);
      expect(broken.length).toBeGreaterThan(0);
    },
    3 * MINUTES,
  );
});
