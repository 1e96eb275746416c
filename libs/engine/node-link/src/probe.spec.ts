import { describe, expect, it } from '@jest/globals';
import { probeManager } from './probe.ts';
import { authOk, createLinkBench, hello, TOKEN } from './testing/link-bench.ts';

const startProbe = async (bench = createLinkBench()) => {
  const verdict = probeManager({ ...bench.options, deadlineMs: 8000 });
  await bench.timers.advance(0);
  return { bench, verdict };
};

describe('probeManager', () => {
  it('accepts when the manager accepts this key, with the intent that takes no session over', async () => {
    const { bench, verdict } = await startProbe();
    await bench.deliver(hello(), authOk());
    expect(await verdict).toEqual({ ok: true, value: undefined });
    expect(bench.sent('auth')).toMatchObject([{ intent: 'probe' }]);
    expect(bench.sent('auth')[0]?.facts).toBeUndefined();
    expect(bench.identity.signed[0]?.endsWith('\nprobe')).toBe(true);
    expect(bench.transport.latest().closedByNode).toMatchObject({ code: 1000 });
  });

  it('passes the code of a refusal on', async () => {
    const { bench, verdict } = await startProbe();
    await bench.deliver(hello(), { type: 'auth_error', code: 'node_key_invalid' });
    expect(await verdict).toMatchObject({ ok: false, code: 'node_key_invalid' });
  });

  it('calls everything else an unavailable manager', async () => {
    const { bench, verdict } = await startProbe();
    bench.transport.latest().end({ code: 1013, reason: '' });
    expect(await verdict).toMatchObject({ ok: false, code: 'manager_unavailable', details: { close_code: 1013 } });
  });

  it('ends at its deadline', async () => {
    const { bench, verdict } = await startProbe();
    await bench.timers.advance(8000);
    expect(await verdict).toMatchObject({ ok: false, code: 'manager_unavailable' });
  });

  it('never spends a registration token', async () => {
    const { bench, verdict } = await startProbe(createLinkBench({ enrolled: false, token: TOKEN }));
    await bench.deliver(hello());
    expect(await verdict).toMatchObject({ ok: false, code: 'token_unknown' });
    expect(bench.transport.latest().sent).toEqual([]);
    expect(bench.identity.token).toBe(TOKEN);
  });
});
