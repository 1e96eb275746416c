import { describe, expect, it } from '@jest/globals';
import { CLOSE } from '@tidegate/contract-protocol';
import { authOk, createLinkBench, hello, MANAGER_ID, NODE_ID, TOKEN } from './testing/link-bench.ts';
import { FAKE_PUBLIC_KEY, FAKE_SIGNATURE } from './testing/fake-identity.ts';

const OTHER = '11111111-2222-4333-8444-555555555555';

describe('a node that is enrolled', () => {
  it('signs both nonces, its id, the manager, the protocol and the intent', async () => {
    const bench = createLinkBench();
    await bench.start();
    await bench.deliver(hello());
    expect(bench.sent('auth')).toMatchObject([
      { node_id: NODE_ID, intent: 'session', protocol: 1, signature: FAKE_SIGNATURE, in_trial: false },
    ]);
    expect(bench.identity.signed).toEqual([
      ['tidegate-node-auth-v1', 'm'.repeat(43), 'n'.repeat(43), NODE_ID, MANAGER_ID, 1, 'session'].join('\n'),
    ]);
  });

  it('says nothing to a manager it was not enrolled with', async () => {
    const bench = createLinkBench();
    await bench.start();
    await bench.deliver(hello(OTHER));
    expect(bench.transport.latest().sent).toEqual([]);
    expect(bench.waiting()).toMatchObject({ code: 'manager_identity_mismatch', pace: 'slow' });
  });

  it('looks at no token: a crash may have left it beside the enrolment', async () => {
    const bench = createLinkBench({ token: TOKEN });
    await bench.start();
    await bench.deliver(hello());
    expect(bench.sent('register')).toEqual([]);
    expect(bench.sent('auth')).toHaveLength(1);
  });

  it('enrols anew with a token once the manager no longer knows it', async () => {
    const bench = createLinkBench({ token: TOKEN });
    await bench.start();
    await bench.deliver(hello(), { type: 'auth_error', code: 'node_unknown' });
    // A connection that breaks in between changes nothing about it.
    await bench.timers.advance(90_000);
    bench.transport.latest().end();
    await bench.timers.advance(2_000);
    await bench.deliver(hello());
    expect(bench.sent('register')).toHaveLength(1);
    await bench.deliver({ type: 'registered', node_id: OTHER as never, manager_id: MANAGER_ID });
    expect(bench.identity.enrolment()).toEqual({ nodeId: OTHER, managerId: MANAGER_ID });
  });

  it('gives no token to another manager either', async () => {
    const bench = createLinkBench({ token: TOKEN });
    await bench.start();
    await bench.deliver(hello(), { type: 'auth_error', code: 'node_unknown' });
    await bench.timers.advance(90_000);
    await bench.deliver(hello(OTHER));
    expect(bench.transport.latest().sent).toEqual([]);
    expect(bench.waiting()).toMatchObject({ code: 'manager_identity_mismatch' });
  });

  it('refuses a manager without a protocol version in common', async () => {
    const bench = createLinkBench();
    await bench.start();
    await bench.deliver({ ...hello(), protocol: { min: 2, max: 9 } } as never);
    expect(bench.transport.latest().sent).toEqual([]);
    expect(bench.waiting()).toMatchObject({ code: 'protocol_version_unsupported', pace: 'slow' });
  });

  it('takes the highest protocol version both speak', async () => {
    const bench = createLinkBench();
    await bench.start();
    await bench.deliver({ ...hello(), protocol: { min: 1, max: 9 } } as never);
    expect(bench.sent('auth')[0]?.protocol).toBe(1);
  });
});

describe('a node with a token', () => {
  it('registers, saves the enrolment and authenticates on the same connection with the same nonce', async () => {
    const bench = createLinkBench({ enrolled: false, token: TOKEN });
    await bench.start();
    await bench.deliver(hello());
    expect(bench.sent('register')).toMatchObject([{ token: TOKEN, public_key: FAKE_PUBLIC_KEY, device_type: 'tidegate-edge' }]);
    expect(bench.sent('auth')).toEqual([]);
    await bench.deliver({ type: 'registered', node_id: NODE_ID as never, manager_id: MANAGER_ID });
    expect(bench.identity.enrolment()).toEqual({ nodeId: NODE_ID, managerId: MANAGER_ID });
    expect(bench.identity.token).toBeNull();
    expect(bench.sent('auth')).toHaveLength(1);
    expect(bench.identity.signed[0]).toContain('m'.repeat(43));
    expect(bench.transport.connections).toHaveLength(1);
  });

  it('does not authenticate with an enrolment it could not save', async () => {
    const bench = createLinkBench({ enrolled: false, token: TOKEN });
    bench.identity.failSave = true;
    await bench.start();
    await bench.deliver(hello(), { type: 'registered', node_id: NODE_ID as never, manager_id: MANAGER_ID });
    expect(bench.sent('auth')).toEqual([]);
    expect(bench.faults).toHaveLength(1);
    await bench.timers.advance(1000);
    expect(bench.transport.connections).toHaveLength(2);
  });

  it('does not take an enrolment from one manager for another', async () => {
    const bench = createLinkBench({ enrolled: false, token: TOKEN });
    await bench.start();
    await bench.deliver(hello(), { type: 'registered', node_id: NODE_ID as never, manager_id: OTHER });
    expect(bench.identity.enrolment()).toBeNull();
    expect(bench.waiting()).toMatchObject({ code: 'manager_identity_mismatch' });
  });

  it('waits for a person when the token is refused, and tries again all the same', async () => {
    const bench = createLinkBench({ enrolled: false, token: TOKEN });
    await bench.start();
    await bench.deliver(hello(), { type: 'auth_error', code: 'token_expired' });
    expect(bench.waiting()).toMatchObject({ code: 'token_expired', pace: 'slow' });
    await bench.timers.advance(89_999);
    expect(bench.transport.connections).toHaveLength(1);
    await bench.timers.advance(1);
    expect(bench.transport.connections).toHaveLength(2);
  });

  it('says token_unknown when there is neither enrolment nor token', async () => {
    const bench = createLinkBench({ enrolled: false });
    await bench.start();
    await bench.deliver(hello());
    expect(bench.transport.latest().sent).toEqual([]);
    expect(bench.waiting()).toMatchObject({ code: 'token_unknown', pace: 'slow' });
  });
});

describe('a connection that comes to nothing', () => {
  it('is given up after ten seconds of silence, and tried again', async () => {
    const bench = createLinkBench();
    await bench.start();
    await bench.timers.advance(9_999);
    expect(bench.transport.latest().closedByNode).toBeNull();
    await bench.timers.advance(1);
    expect(bench.transport.latest().closedByNode).toMatchObject({ reason: 'handshake_timeout' });
    await bench.timers.advance(1000);
    expect(bench.transport.connections).toHaveLength(2);
  });

  it('is retried at growing distances until a beat is acknowledged, not merely until auth_ok', async () => {
    const bench = createLinkBench();
    const delays: number[] = [];
    bench.timers.setRandom(0.999);
    await bench.start();
    for (let round = 0; round < 3; round++) {
      await bench.deliver(hello(), authOk());
      bench.transport.latest().end();
      await bench.timers.advance(0);
      const waiting = bench.waiting();
      delays.push(waiting?.state === 'waiting' ? Math.round(waiting.delayMs) : -1);
      await bench.timers.advance(4_000);
    }
    await bench.deliver(hello(), authOk(), { type: 'health_ack', beat: 4 });
    bench.transport.latest().end();
    await bench.timers.advance(0);
    expect(delays).toEqual([999, 1998, 3996]);
    expect(bench.waiting()).toMatchObject({ delayMs: expect.closeTo(999, 0) });
  });

  it('closes with the code for malformed frames and goes on', async () => {
    const bench = createLinkBench();
    await bench.start();
    bench.transport.latest().deliverText('{"type":"hello","nonce":7}');
    await bench.timers.advance(0);
    expect(bench.transport.latest().closedByNode).toEqual({ code: CLOSE.malformed, reason: 'message_malformed' });
    expect(bench.waiting()).toMatchObject({ closeCode: CLOSE.malformed, pace: 'soon' });
  });

  it('ends when a message comes before its time', async () => {
    const bench = createLinkBench();
    await bench.start();
    await bench.deliver(authOk());
    expect(bench.transport.latest().sent).toEqual([]);
    expect(bench.waiting()).toMatchObject({ code: 'message_unexpected' });
  });

  it('survives a key that cannot sign', async () => {
    const bench = createLinkBench();
    bench.identity.failSign = true;
    await bench.start();
    await bench.deliver(hello());
    expect(bench.faults).toHaveLength(1);
    await bench.timers.advance(1000);
    expect(bench.transport.connections).toHaveLength(2);
  });
});

describe('the address', () => {
  it.each([
    [true, 'ws://127.0.0.1:1/ws/node?trial=1'],
    [false, 'ws://127.0.0.1:1/ws/node'],
  ])('says whether the version is on trial (%s), so that a crowded manager lets it in first', async (inTrial, url) => {
    const bench = createLinkBench({ inTrial });
    await bench.start();
    expect(bench.transport.latest().url).toBe(url);
  });
});

describe('stop', () => {
  it('closes the session and connects no more', async () => {
    const bench = createLinkBench();
    await bench.online();
    await bench.link.stop();
    expect(bench.transport.latest().closedByNode).toMatchObject({ code: 1001 });
    await bench.timers.advance(600_000);
    expect(bench.transport.connections).toHaveLength(1);
    expect(bench.timers.pendingMs).toEqual([]);
  });

  it('ends a wait for the next try at once', async () => {
    const bench = createLinkBench();
    await bench.start();
    await bench.deliver(hello(), { type: 'auth_error', code: 'node_revoked' });
    await bench.link.stop();
    expect(bench.states.at(-1)).toEqual({ state: 'stopped' });
    expect(bench.timers.pendingMs).toEqual([]);
  });
});
