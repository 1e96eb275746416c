import { accept, isCodedError, refuse, type Verdict } from '@tidegate/contract-errors';
import type { Artefact } from '@tidegate/contract-manifest';
import type { ArtefactUnpacker, UnpackProgress } from '@tidegate/engine-upgrade';
import { firstDifference } from './compare-tree.ts';
import { openDecompressor } from './decompressor.ts';
import { planSlot, type SlotPlan } from './slot-plan.ts';
import { SlotWriter } from './slot-writer.ts';
import { TarSteps } from './tar-steps.ts';
import { extractFailed } from './unpack-errors.ts';
import { abortError, verifiedChunks } from './verified-chunks.ts';
import { YoungGarbage } from './young-garbage.ts';

interface UnpackOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: UnpackProgress) => void;
  readonly onChunk?: (chunk: Uint8Array) => Promise<void>;
}

/** Unpacks tar, tar.gz and tar.zst by the signed file list; see the port for what holds on success and on refusal. */
export const tarUnpacker: ArtefactUnpacker = {
  async unpack(input, artefact, folder, options): Promise<Verdict<void>> {
    try {
      const plan = planSlot(artefact);
      const writer = new SlotWriter(folder, plan);
      await writer.createRoot();
      try {
        await fill(input, artefact, plan, writer, options);
        await compareAfterwards(folder, artefact);
      } catch (error) {
        await writer.abandon();
        throw error;
      }
      return accept(undefined);
    } catch (error) {
      if (isCodedError(error)) return refuse(error.code, error.details);
      throw error;
    }
  },
};

async function fill(
  input: AsyncIterable<Uint8Array>,
  artefact: Artefact,
  plan: SlotPlan,
  writer: SlotWriter,
  options: UnpackOptions,
): Promise<void> {
  await writer.createFolders();
  const tar = new TarSteps(plan);
  const garbage = new YoungGarbage();
  const decompressor = openDecompressor(artefact.format, artefact.size, async (bytes) => {
    if (options.signal.aborted) throw abortError(options.signal);
    for (const step of tar.next(bytes)) {
      const written = writer.apply(step);
      if (written) await written;
    }
    garbage.passed(bytes.length);
  });
  const onReceived = (receivedBytes: number): void => options.onProgress({ receivedBytes, totalBytes: artefact.size });
  try {
    // One chunk is inflated, written and handed on while the next one arrives.
    let inflating: Promise<unknown> = Promise.resolve();
    for await (const chunk of verifiedChunks(input, artefact, { signal: options.signal, onReceived })) {
      await inflating;
      inflating = Promise.all([decompressor.write(chunk), options.onChunk?.(chunk)]);
      inflating.catch(() => undefined);
    }
    await inflating;
    await decompressor.end();
    tar.end();
  } catch (error) {
    await decompressor.abandon();
    throw error;
  }
  await writer.finish();
  if (options.signal.aborted) throw abortError(options.signal);
}

/** What lies there now, seen from outside the writer: the one check that does not trust our own code's account. */
async function compareAfterwards(folder: string, artefact: Artefact): Promise<void> {
  const difference = await firstDifference(folder, artefact.files, { digests: false, allowed: new Set() });
  if (difference) throw extractFailed(`tree: ${difference.problem}`, difference.path);
}
