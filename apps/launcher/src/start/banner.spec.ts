import { describe, expect, it } from '@jest/globals';
import { banner } from './banner.ts';

const ready = {
  consoleUrl: 'http://127.0.0.1:8080',
  password: 'correct-horse',
  dataDir: '/srv/a/tidegate/.tidegate',
  cwd: '/srv/a/tidegate',
  nodeCount: 6,
};

describe('what a start says in the end', () => {
  it('names the console, the way in and something to try, in at most ten lines', () => {
    const lines = banner(ready);
    expect(lines.length).toBeLessThanOrEqual(10);
    const text = lines.join('\n');
    for (const part of ['http://127.0.0.1:8080/admin/nodes', 'admin', 'correct-horse', '1.1.0', 'Ctrl-C']) expect(text).toContain(part);
  });

  it('shows the data folder as the person would type it', () => {
    expect(banner(ready).join('\n')).toContain(' .tidegate/nodes');
    expect(banner({ ...ready, dataDir: '/srv/fleet' }).join('\n')).toContain('/srv/fleet/nodes');
  });

  it('promises no nodes when there are none', () => {
    const text = banner({ ...ready, nodeCount: 0 }).join('\n');
    expect(text).toContain('--no-fleet');
    expect(text).not.toContain('Try');
  });
});
