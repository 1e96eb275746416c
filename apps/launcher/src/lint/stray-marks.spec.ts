import { describe, expect, it } from '@jest/globals';
import { strayMarks } from './stray-marks.ts';

const at = '@';

describe('stray marks', () => {
  it.each([
    ['path of one machine', `cd ${'/ho'}me/ann/project`],
    ['path of one machine', `const root = '${'/ro'}ot/x';`],
    ['folder beside the checkout', `ls ${'../sha'}red/data`],
    ['registry host', `https://${'regis'}try.npmjs.org/zod`],
    ['registry host', `"${'resol'}ved": "https://x"`],
    ['unfinished', `// ${'TO'}DO later`],
    ['e-mail address', `ann.lee${at}corp.io wrote this`],
  ])('finds a %s in: %s', (name, line) => {
    expect(strayMarks('libs/x.ts', `first\n${line}\n`)).toEqual([expect.stringContaining(`libs/x.ts:2: ${name}: `)]);
  });

  it.each([
    '/opt/tidegate/edge/current and /var/lib/tidegate-guard',
    'https://github.com/acme/root/home/x',
    `https://github.com/acme/edge/.github/workflows/release.yml${at}refs/tags/v1.0.0`,
    `ops${at}example.com, a${at}plant.test, git${at}github.com:acme/edge`,
    `http://user${at}api.github.com/ and tidegate-guard${at}edge.timer and tidegate-guard${at}edge.path`,
    `import '${at}tidegate/contract-errors'; "zod${at}4.6.7"`,
  ])('lets through: %s', (line) => {
    expect(strayMarks('libs/x.ts', line)).toEqual([]);
  });

  it('lets the CI script alone name the folder beside the checkout', () => {
    expect(strayMarks('.ci/run', `${'../sha'}red/data`)).toEqual([]);
  });
});
