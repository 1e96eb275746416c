import { beforeEach, describe, expect, it } from '@jest/globals';
import { readOptions } from './options.ts';

const written: string[] = [];
const terminal = { writeOut: (text: string) => void written.push(text), writeErr: (text: string) => void written.push(text) };
const read = (...argv: string[]) => readOptions(argv, '/srv/here', terminal);
beforeEach(() => {
  written.length = 0;
});

describe('the command line', () => {
  it('starts six nodes on port 8080 in .tidegate when nothing is said', () => {
    expect(read('start')).toEqual({ command: 'start', port: 8080, dataDir: '/srv/here/.tidegate', nodeCount: 6 });
  });

  it('takes another port, folder and number of nodes', () => {
    expect(read('start', '--port', '9000', '--data-dir', '/srv/fleet', '--nodes', '2')).toEqual({
      command: 'start',
      port: 9000,
      dataDir: '/srv/fleet',
      nodeCount: 2,
    });
  });

  it('runs no node with --no-fleet, whatever --nodes says', () => {
    expect(read('start', '--nodes', '3', '--no-fleet')).toMatchObject({ nodeCount: 0 });
  });

  it.each([
    ['a port that is no number', ['start', '--port', 'http']],
    ['a port beyond the last', ['start', '--port', '65536']],
    ['no node at all', ['start', '--nodes', '0']],
    ['half a node', ['start', '--nodes', '1.5']],
    ['an unknown option', ['start', '--speed']],
    ['a stray word', ['start', 'now']],
    ['a demo without --once', ['demo']],
    ['an unknown command', ['stop']],
    ['nothing', []],
  ])('refuses %s with exit code 2', (_, argv) => {
    expect(read(...argv)).toEqual({ exit: 2 });
    expect(written.join('')).toMatch(/^(error|Usage): /);
  });

  it('ends with 0 after help was asked for', () => {
    expect(read('start', '--help')).toEqual({ exit: 0 });
    for (const option of ['--port', '--data-dir', '--nodes', '--no-fleet']) expect(written.join('')).toContain(option);
  });

  it('keeps the folder of a demo only when one is named', () => {
    expect(read('demo', '--once')).toEqual({ command: 'demo' });
    expect(read('demo', '--once', '--keep', 'out')).toEqual({ command: 'demo', keepDir: '/srv/here/out' });
  });
});
