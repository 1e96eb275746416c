import { describe, expect, it } from '@jest/globals';
import { noteOf } from './service-notes.ts';

const verdict = { type: 'verdict', attempt: 'a', target: 'versions/1.2.0', from: 'versions/1.0.0' } as const;

describe('what is said about a service', () => {
  it('is one line when a process was killed or failed', () => {
    expect(noteOf('manager', { type: 'exited', code: null, signal: 'SIGKILL' })).toBe('manager ended (SIGKILL); it is started again');
    expect(noteOf('lantern', { type: 'exited', code: 1, signal: null })).toContain('exit code 1');
  });

  it('is nothing when a node ended itself to start as its new version', () => {
    expect(noteOf('lantern', { type: 'exited', code: 0, signal: null })).toBeUndefined();
  });

  it('tells a verdict of the boot guard with both versions and the reason', () => {
    expect(noteOf('lantern', { ...verdict, verdict: 'reverted', reason: 'deadline' })).toBe(
      'lantern: 1.2.0 was taken back to 1.0.0 (deadline)',
    );
    expect(noteOf('lantern', { ...verdict, verdict: 'committed', reason: 'proved' })).toBe('lantern: 1.2.0 proved itself and is committed');
  });

  it('passes on how the manager is, and leaves the nodes to the console', () => {
    const status = { type: 'status', text: 'the embedded PostgreSQL ended; starting it again' } as const;
    expect(noteOf('manager', status)).toBe('manager: the embedded PostgreSQL ended; starting it again');
    expect(noteOf('lantern', status)).toBeUndefined();
  });

  it('tells a watchdog that was not fed', () => {
    expect(noteOf('lantern', { type: 'watchdog', fed: true, afterMs: 4012 })).toContain('watchdog');
  });
});
