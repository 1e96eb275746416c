// A build that destroys every version it can reach, then ends: what would be left of the node that was to go back?
import { appendFileSync, chmodSync, readdirSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = process.env['TIDEGATE_ROOT'];
const guardDir = process.env['TIDEGATE_GUARD_DIR'];
const tried = [];
const attempt = (what, act) => {
  try {
    act();
    tried.push(`did ${what}`);
  } catch (error) {
    tried.push(`${error.code} ${what}`);
  }
};

if (process.argv[2] === 'run') {
  for (const version of readdirSync(join(root, 'versions'))) {
    const slot = join(root, 'versions', version);
    attempt(`chmod ${version}`, () => chmodSync(slot, 0o777));
    attempt(`rewrite ${version}`, () => appendFileSync(join(slot, 'lib/main.cjs'), 'process.exit(1);'));
    attempt(`add to ${version}`, () => writeFileSync(join(slot, 'lib/extra.mjs'), ''));
    attempt(`remove from ${version}`, () => rmSync(join(slot, 'lib/main.cjs')));
    attempt(`rename ${version}`, () => renameSync(slot, join(root, 'versions', `gone-${version}`)));
    attempt(`remove ${version}`, () => rmSync(slot, { recursive: true }));
  }
  attempt('rename versions', () => renameSync(join(root, 'versions'), join(root, 'gone')));
  attempt('rename the root', () => renameSync(root, `${root}.gone`));
  for (const link of ['committed', 'previous']) {
    attempt(`remove ${link}`, () => rmSync(join(root, link)));
    attempt(`link beside ${link}`, () => symlinkSync('versions/none', join(root, `${link}.other`)));
    attempt(`replace ${link}`, () => renameSync(join(root, `${link}.other`), join(root, link)));
  }
  for (const file of ['trial', 'counters', 'verdict']) attempt(`write the guard's ${file}`, () => writeFileSync(join(guardDir, file), ''));
  attempt('add a verdict', () => writeFileSync(join(guardDir, 'other'), ''));
  // Its own folders it may remove; that must not matter either.
  for (const folder of ['staging', 'trial', 'snapshots']) rmSync(join(root, folder), { recursive: true, force: true });
  writeFileSync(join(root, 'tried.json'), JSON.stringify(tried));
  process.exit(1);
}
