import { describe, expect, it } from '@jest/globals';
import { keyPayload } from '@tidegate/contract-protocol';
import { authOk, command, COMMAND_ID, createLinkBench, hello, MANAGER_ID, NODE_ID, TOKEN } from './testing/link-bench.ts';
import { FAKE_NEXT_KEY, FAKE_PUBLIC_KEY, FAKE_SIGNATURE } from './testing/fake-identity.ts';

const rotateKey = () => command({ action: { kind: 'rotate_key' } });
const accepted = (publicKey = FAKE_NEXT_KEY) => ({ type: 'key_accepted', command_id: COMMAND_ID as never, public_key: publicKey }) as const;
type Bench = ReturnType<typeof createLinkBench>;
const comeBack = async (bench: Bench): Promise<void> => {
  await bench.timers.advance(2_000);
  await bench.deliver(hello());
};
const offered = async (): Promise<Bench> => {
  const bench = createLinkBench();
  await bench.online();
  await bench.deliver(rotateKey());
  return bench;
};

describe('a node that is asked for a new key', () => {
  it('offers one that is durable, proved by both keys', async () => {
    const bench = await offered();
    expect(bench.sent('key_offer')).toEqual([
      { type: 'key_offer', command_id: COMMAND_ID, public_key: FAKE_NEXT_KEY, signature: FAKE_SIGNATURE, proof: FAKE_SIGNATURE },
    ]);
    const fields = { commandId: COMMAND_ID, nodeId: NODE_ID, managerId: MANAGER_ID, oldKey: FAKE_PUBLIC_KEY, newKey: FAKE_NEXT_KEY };
    const payload = new TextDecoder().decode(keyPayload(fields));
    expect(bench.identity.signed.at(-1)).toBe(payload);
    expect(bench.identity.signedWithNext).toEqual([payload]);
    expect(bench.handled).toEqual([]);
  });

  it('offers none that its disk did not take', async () => {
    const bench = createLinkBench();
    await bench.online();
    bench.identity.failSave = true;
    await bench.deliver(rotateKey());
    expect(bench.sent('key_offer')).toEqual([]);
    expect(bench.faults).toHaveLength(1);
  });

  it('comes back with it at once when it is accepted, and adopts it before the first beat', async () => {
    const bench = await offered();
    await bench.deliver(accepted());
    await comeBack(bench);
    expect(bench.identity.signedWithNext.at(-1)).toMatch(/^tidegate-node-auth-v1/);
    expect([bench.identity.adopted, bench.sent('health').length]).toEqual([0, 0]);
    await bench.deliver(authOk());
    expect([bench.identity.adopted, bench.sent('health').length]).toEqual([1, 1]);
  });

  it('goes back to the old one at once when the manager has lost the next, and offers the same again', async () => {
    const bench = await offered();
    bench.transport.latest().end();
    await comeBack(bench);
    await bench.deliver({ type: 'auth_error', code: 'node_key_invalid' });
    expect(bench.waiting()).toMatchObject({ pace: 'soon' });
    const before = bench.identity.signedWithNext.length;
    await comeBack(bench);
    await bench.deliver(authOk(), rotateKey());
    expect(bench.identity.adopted).toBe(0);
    expect(bench.sent('key_offer')).toMatchObject([{ public_key: FAKE_NEXT_KEY }]);
    expect(bench.identity.signedWithNext).toHaveLength(before + 1);
    await bench.deliver(accepted());
    await comeBack(bench);
    await bench.deliver(authOk());
    expect(bench.identity.adopted).toBe(1);
  });

  it('waits long when its only key is refused', async () => {
    const bench = createLinkBench();
    await bench.start();
    await bench.deliver(hello(), { type: 'auth_error', code: 'node_key_invalid' });
    expect(bench.waiting()).toMatchObject({ code: 'node_key_invalid', pace: 'slow' });
  });

  it('does not take a key for accepted that it never offered', async () => {
    const bench = await offered();
    bench.transport.latest().end();
    await comeBack(bench);
    await bench.deliver({ type: 'auth_error', code: 'node_key_invalid' });
    await comeBack(bench);
    await bench.deliver(authOk(), accepted('x'.repeat(43)));
    const before = bench.identity.signedWithNext.length;
    await comeBack(bench);
    expect(bench.identity.signedWithNext).toHaveLength(before);
  });
});

describe('a node whose key was revoked', () => {
  it.each([
    [
      'in the handshake',
      async (bench: Bench) => (await bench.start(), bench.deliver(hello(), { type: 'auth_error', code: 'node_revoked' })),
    ],
    [
      'in the middle of a session',
      async (bench: Bench) => (await bench.online(), bench.deliver({ type: 'auth_error', code: 'node_revoked' })),
    ],
  ])('waits long when it is told %s, and enrols with a key of its own next time', async (_, tell) => {
    const bench = createLinkBench({ token: TOKEN });
    await tell(bench);
    expect(bench.waiting()).toMatchObject({ code: 'node_revoked', pace: 'slow' });
    await bench.timers.advance(300_000);
    await bench.deliver(hello());
    expect(bench.sent('register')).toMatchObject([{ public_key: FAKE_NEXT_KEY }]);
    expect(bench.identity.replaced).toBe(1);
    await bench.deliver({ type: 'registered', node_id: NODE_ID as never, manager_id: MANAGER_ID }, authOk());
    expect(bench.sent('health')).toHaveLength(1);
  });

  it('keeps its key when the manager merely does not know it any more', async () => {
    const bench = createLinkBench({ token: TOKEN });
    await bench.start();
    await bench.deliver(hello(), { type: 'auth_error', code: 'node_unknown' });
    await bench.timers.advance(300_000);
    await bench.deliver(hello());
    expect(bench.sent('register')).toMatchObject([{ public_key: FAKE_PUBLIC_KEY }]);
  });

  it('adopts no key of the enrolment before', async () => {
    const bench = createLinkBench({ token: TOKEN });
    await bench.online();
    await bench.deliver(rotateKey(), { type: 'auth_error', code: 'node_unknown' });
    await bench.timers.advance(300_000);
    await bench.deliver(hello(), { type: 'registered', node_id: NODE_ID as never, manager_id: MANAGER_ID }, authOk());
    expect(bench.sent('health')).toHaveLength(1);
    expect(bench.identity.adopted).toBe(0);
  });
});
