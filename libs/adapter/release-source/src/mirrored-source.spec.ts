import { describe, expect, it } from '@jest/globals';
import { accept, CodedError, refuse, type ErrorCode } from '@tidegate/contract-errors';
import type { Artefact, ReleaseVersion } from '@tidegate/contract-manifest';
import type { ReleaseSource } from '@tidegate/engine-upgrade';
import { mirroredSource } from './index.ts';
import { ManualClock } from './testing/manual-clock.ts';

const VERSION = '1.1.0' as ReleaseVersion;
const BYTES = Buffer.from('0123456789abcdefghijklmnopqrstuvwxyz');
const ARTEFACT = { name: 'edge.tar.gz', size: BYTES.length } as Artefact;
const never = (): AbortSignal => new AbortController().signal;

interface Scripted {
  readonly statement?: ErrorCode;
  readonly artefact?: ErrorCode;
  /** The stream ends with this error after so many bytes. */
  readonly cut?: { readonly afterBytes: number; readonly error: CodedError };
}
/** A source that serves what it was told, and remembers what it was asked. */
function source(origin: string, { statement, artefact, cut }: Scripted = {}): ReleaseSource & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    listVersions: async () => (statement ? refuse(statement, { origin }) : accept([VERSION])),
    async fetchStatement() {
      asked.push('statement');
      return statement ? refuse(statement, { origin }) : accept({ manifestBytes: BYTES, bundleBytes: BYTES, origin });
    },
    async openArtefact(_version, _artefact, offset) {
      asked.push('artefact');
      if (artefact) return refuse(artefact, { origin });
      return accept(
        (async function* () {
          for (let at = offset; at < BYTES.length; at += 7) {
            if (cut && at >= cut.afterBytes) throw cut.error;
            yield BYTES.subarray(at, at + 7);
          }
        })(),
      );
    },
  };
}

async function download(from: ReleaseSource, signal = never(), offset = 0): Promise<{ bytes: string; error: unknown }> {
  const opened = await from.openArtefact(VERSION, ARTEFACT, offset, signal);
  if (!opened.ok) return { bytes: '', error: opened };
  let bytes = '';
  try {
    for await (const piece of opened.value) bytes += Buffer.from(piece).toString();
  } catch (error) {
    return { bytes, error };
  }
  return { bytes, error: null };
}
const cutBy = (code: ErrorCode, afterBytes = 14, details = {}): Scripted => ({ cut: { afterBytes, error: new CodedError(code, details) } });

/** Bytes that keep coming, and a stop that obeys the signal. */
const endless = (origin: string, onWait: () => void): ReleaseSource => ({
  ...source(origin),
  openArtefact: async (_version, _artefact, _offset, signal) =>
    accept(
      (async function* () {
        yield BYTES.subarray(0, 7);
        await new Promise((resolve) => {
          signal.addEventListener('abort', resolve, { once: true });
          onWait();
        });
        throw signal.reason;
      })(),
    ),
});

describe('a source with mirrors', () => {
  it('lists what any of them has, the primary first', async () => {
    const [older, newer] = ['1.1.0' as ReleaseVersion, '1.2.0' as ReleaseVersion];
    const primary = { ...source('primary'), listVersions: async () => accept([older]) };
    const mirror = { ...source('mirror'), listVersions: async () => accept([newer, older]) };
    expect(await mirroredSource(primary, [mirror]).listVersions(never())).toEqual(accept([older, newer]));
    const gone = source('gone', { statement: 'upgrade_network_error' });
    expect(await mirroredSource(gone, [mirror]).listVersions(never())).toEqual(accept([newer, older]));
    expect(await mirroredSource(gone, [gone]).listVersions(never())).toMatchObject({ details: { origin: 'gone' } });
  });

  it('does not wait for one that is silent when it lists', async () => {
    const clock = new ManualClock(0);
    const silent: ReleaseSource = {
      ...source('silent'),
      listVersions: (signal) =>
        new Promise((resolve) => signal.addEventListener('abort', () => resolve(refuse('upgrade_timeout')), { once: true })),
    };
    const listed = mirroredSource(source('primary'), [silent], { clock, deadlineMs: 1000 }).listVersions(never());
    await clock.someoneWaits(8_000);
    clock.advance(8_000);
    expect(await listed).toEqual(accept([VERSION]));
  });

  it('has one deadline for an artefact, whoever serves it: a mirror does not get it again', async () => {
    const clock = new ManualClock(0);
    const cut = source('primary', cutBy('upgrade_network_error'));
    let stalled = (): void => undefined;
    const stalls = new Promise<void>((resolve) => (stalled = resolve));
    const third = source('third');
    const downloaded = download(mirroredSource(cut, [endless('slow', () => stalled()), third], { clock, deadlineMs: 1000 }));
    await stalls;
    clock.advance(1000);
    expect((await downloaded).error).toMatchObject({ code: 'upgrade_timeout', details: { rule: 'deadline' } });
    expect(third.asked).toEqual([]);
  });

  it('is asked alone while it serves', async () => {
    const mirror = source('mirror');
    const both = mirroredSource(source('primary'), [mirror]);
    expect(await both.fetchStatement(VERSION, never())).toMatchObject({ ok: true, value: { origin: 'primary' } });
    expect(await download(both)).toEqual({ bytes: BYTES.toString(), error: null });
    expect(mirror.asked).toEqual([]);
  });

  it.each<ErrorCode>(['upgrade_network_error', 'upgrade_timeout', 'upgrade_release_not_found', 'upgrade_url_invalid'])(
    'gives way to its mirrors, in their order, on %s',
    async (code) => {
      const both = mirroredSource(source('primary', { statement: code, artefact: code }), [
        source('first', { statement: code }),
        source('second'),
      ]);
      expect(await both.fetchStatement(VERSION, never())).toMatchObject({ ok: true, value: { origin: 'second' } });
      expect(await both.listVersions(never())).toEqual(accept([VERSION]));
      expect((await download(both)).error).toBeNull();
    },
  );

  it('answers with the primary’s refusal when all fail', async () => {
    const failing = { statement: 'upgrade_network_error', artefact: 'upgrade_network_error' } as const;
    const both = mirroredSource(source('primary', failing), [source('mirror', { ...failing, statement: 'upgrade_release_not_found' })]);
    expect(await both.fetchStatement(VERSION, never())).toMatchObject({ code: 'upgrade_network_error', details: { origin: 'primary' } });
    expect((await download(both)).error).toMatchObject({ details: { origin: 'primary' } });
  });

  it('goes on with a mirror where it was cut, and yields no byte twice', async () => {
    const both = mirroredSource(source('primary', cutBy('upgrade_network_error')), [
      source('dead', { artefact: 'upgrade_timeout' }),
      source('mirror'),
    ]);
    expect(await download(both)).toEqual({ bytes: BYTES.toString(), error: null });
    expect(await download(both, never(), 9)).toEqual({ bytes: BYTES.toString().slice(9), error: null });
  });

  it.each([
    ['bytes that do not verify', cutBy('upgrade_checksum_mismatch')],
    ['the end of the time for the whole download', cutBy('upgrade_timeout', 14, { rule: 'deadline' })],
  ])('does not cover up %s', async (_, scripted) => {
    const mirror = source('mirror');
    const { error } = await download(mirroredSource(source('primary', scripted), [mirror]));
    expect(error).toBe(scripted.cut?.error);
    expect(mirror.asked).toEqual([]);
  });

  it('stops when it is aborted', async () => {
    const mirror = source('mirror');
    const abort = new AbortController();
    abort.abort();
    const { error } = await download(mirroredSource(source('primary', cutBy('upgrade_network_error')), [mirror]), abort.signal);
    expect(error).toMatchObject({ code: 'upgrade_network_error' });
    expect(mirror.asked).toEqual([]);
  });
});
