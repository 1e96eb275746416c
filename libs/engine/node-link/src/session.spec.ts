import { describe, expect, it } from '@jest/globals';
import { authOk, command, COMMAND_ID, createLinkBench, hello } from './testing/link-bench.ts';
import { started } from './testing/spool-contract.ts';

describe('beats', () => {
  it('start at once and come at the interval of the settings, within a tenth', async () => {
    const bench = createLinkBench();
    await bench.online(10);
    expect(bench.sent('health').map(({ beat }) => beat)).toEqual([1]);
    await bench.deliver({ type: 'health_ack', beat: 1 });
    bench.timers.setRandom(0);
    await bench.timers.advance(10_000);
    expect(bench.sent('health')).toHaveLength(2);
    await bench.timers.advance(9_000);
    expect(bench.sent('health')).toHaveLength(3);
  });

  it('report the clock at which the acknowledged beat was made', async () => {
    const bench = createLinkBench();
    await bench.online(10);
    await bench.timers.advance(10_000);
    await bench.deliver({ type: 'health_ack', beat: 2 }, { type: 'health_ack', beat: 2 }, { type: 'health_ack', beat: 77 });
    expect(bench.acknowledged).toEqual([101]);
  });

  it('go on counting over a new session', async () => {
    const bench = createLinkBench();
    await bench.online();
    bench.transport.latest().end();
    await bench.timers.advance(1000);
    await bench.deliver(hello(), authOk());
    expect(bench.sent('health').map(({ beat }) => beat)).toEqual([2]);
  });

  it('come early when something changed, together for changes in quick succession', async () => {
    const bench = createLinkBench();
    await bench.online();
    for (let change = 0; change < 5; change++) bench.link.beatSoon();
    await bench.timers.advance(200);
    expect(bench.sent('health')).toHaveLength(2);
  });
});

describe('a peer', () => {
  it('that says nothing for three intervals is dead', async () => {
    const bench = createLinkBench();
    await bench.online(10);
    await bench.timers.advance(29_000);
    expect(bench.transport.latest().closedByNode).toBeNull();
    await bench.timers.advance(1_001);
    expect(bench.transport.connections[0]?.closedByNode).toMatchObject({ reason: 'silent' });
  });

  it('that answers stays', async () => {
    const bench = createLinkBench();
    await bench.online(10);
    for (let beat = 1; beat < 10; beat++) {
      await bench.deliver({ type: 'health_ack', beat });
      await bench.timers.advance(9_000);
    }
    expect(bench.transport.connections).toHaveLength(1);
  });

  it('that sends a handshake message in a session is closed', async () => {
    const bench = createLinkBench();
    await bench.online();
    await bench.deliver(authOk());
    expect(bench.transport.latest().closedByNode).toMatchObject({ reason: 'message_unexpected' });
  });
});

describe('events', () => {
  it('are sent in order and forgotten when acknowledged', async () => {
    const bench = createLinkBench();
    await bench.spool.append(started('a'));
    await bench.online();
    await bench.spool.append(started('b'));
    await bench.timers.advance(0);
    expect(bench.sent('event').map(({ event }) => event.seq)).toEqual([1, 2]);
    const spoolId = bench.spool.events[0]?.spool_id ?? '';
    await bench.deliver({ type: 'event_ack', spool_id: spoolId, seq: 2 });
    expect(bench.spool.events).toEqual([]);
  });

  it('keep to a small window and go on as they are acknowledged', async () => {
    const bench = createLinkBench();
    for (let n = 0; n < 40; n++) await bench.spool.append(started(String(n)));
    await bench.online();
    expect(bench.sent('event')).toHaveLength(16);
    const spoolId = bench.spool.events[0]?.spool_id ?? '';
    await bench.deliver({ type: 'event_ack', spool_id: spoolId, seq: 10 });
    expect(bench.sent('event').map(({ event }) => event.seq)).toEqual(Array.from({ length: 26 }, (_, index) => index + 1));
  });

  it('that were not acknowledged are sent again on the next session', async () => {
    const bench = createLinkBench();
    await bench.spool.append(started('a'));
    await bench.online();
    bench.transport.latest().end();
    await bench.timers.advance(1000);
    await bench.deliver(hello(), authOk());
    expect(bench.sent('event').map(({ event }) => event.seq)).toEqual([1]);
  });

  it('of this run follow those of an earlier run only when these are acknowledged', async () => {
    const bench = createLinkBench();
    const old = await bench.spool.append(started('old'));
    bench.spool.nextRun();
    await bench.spool.append(started('new'));
    await bench.online();
    expect(bench.sent('event').map(({ event }) => event.details['run'])).toEqual(['old']);
    await bench.deliver({ type: 'event_ack', spool_id: old.spool_id, seq: old.seq });
    expect(bench.sent('event').map(({ event }) => event.details['run'])).toEqual(['old', 'new']);
  });

  it('in an unreadable spool end the session, which is tried again', async () => {
    const bench = createLinkBench();
    bench.spool.broken = true;
    await bench.online();
    expect(bench.faults).toHaveLength(1);
    await bench.timers.advance(2000);
    expect(bench.transport.connections).toHaveLength(2);
  });
});

describe('commands', () => {
  it('are answered with what the handler says, each time they come', async () => {
    const bench = createLinkBench();
    await bench.online();
    await bench.deliver(command(), command());
    expect(bench.sent('command_ack')).toEqual([
      { type: 'command_ack', id: COMMAND_ID, accepted: true, attempt_id: null },
      { type: 'command_ack', id: COMMAND_ID, accepted: true, attempt_id: null },
    ]);
  });

  it('are handled one after the other', async () => {
    const bench = createLinkBench();
    let release = (): void => {};
    bench.answerWith(async (received) => {
      await new Promise<void>((resolve) => (release = resolve));
      return { type: 'command_ack', id: received.id, accepted: true, attempt_id: null };
    });
    await bench.online();
    await bench.deliver(command(), command());
    expect(bench.handled).toHaveLength(1);
    release();
    await bench.timers.advance(0);
    expect(bench.handled).toHaveLength(2);
  });

  it('for another node are refused and not handled', async () => {
    const bench = createLinkBench();
    await bench.online();
    await bench.deliver(command({ node_id: COMMAND_ID }));
    expect(bench.handled).toEqual([]);
    expect(bench.sent('command_ack')).toMatchObject([{ accepted: false, error_code: 'message_unexpected' }]);
  });

  it('of a newer manager are refused by code, and the session goes on', async () => {
    const bench = createLinkBench();
    await bench.online();
    await bench.deliver(command({ action: { kind: 'dance' } }), { type: 'weather' } as never);
    expect(bench.sent('command_ack')).toMatchObject([{ id: COMMAND_ID, accepted: false, error_code: 'command_unknown' }]);
    expect(bench.transport.latest().closedByNode).toBeNull();
  });

  it('whose handler fails end the session unanswered: the manager sends them again', async () => {
    const bench = createLinkBench();
    bench.answerWith(() => Promise.reject(new Error('disk full')));
    await bench.online();
    await bench.deliver(command());
    expect(bench.sent('command_ack')).toEqual([]);
    expect(bench.faults).toHaveLength(1);
    await bench.timers.advance(2000);
    expect(bench.transport.connections).toHaveLength(2);
  });
});
