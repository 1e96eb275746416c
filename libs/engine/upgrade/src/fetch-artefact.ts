/** The one pass from the network, or from what an interrupted try had kept of it, into a slot. */
import { accept, refuse, type Verdict } from '@tidegate/contract-errors';
import type { Artefact, ReleaseVersion } from '@tidegate/contract-manifest';
import type { EngineParts } from './engine-parts.ts';
import type { AttemptRecord } from './node-state.ts';
import type { UnpackProgress } from './ports/artefact-unpacker.ts';
import type { PartialDownload } from './ports/partial-downloads.ts';
import type { Statement } from './ports/release-source.ts';

interface Fetching {
  readonly statement: Statement;
  readonly artefact: Artefact;
  readonly signal: AbortSignal;
  readonly onProgress: (progress: UnpackProgress) => void;
}

/** Refuses what the source and the unpacker refuse, and `slot_damaged` where a link names the slot that would have to be replaced. */
export async function fetchArtefact(parts: EngineParts, attempt: AttemptRecord, fetching: Fetching): Promise<Verdict<void>> {
  const version = attempt.toVersion;
  const { artefact, statement } = fetching;
  const { committed, previous } = await parts.slots.links();
  if (version === committed || version === previous) return refuse('slot_damaged', { version });
  if (await parts.slots.hasSlot(version)) await parts.slots.discardSlot(version);
  const folder = await parts.slots.stagingFolder(attempt.id);
  const unpacked = await unpackInto(parts, folder, version, fetching);
  if (!unpacked.ok) return unpacked;
  const installed = await parts.slots.install(folder, version, statement);
  if (installed.ok) await parts.partials.drop(artefact);
  return installed;
}

async function unpackInto(parts: EngineParts, folder: string, version: ReleaseVersion, fetching: Fetching): Promise<Verdict<void>> {
  const { artefact, signal, onProgress } = fetching;
  const part = await parts.partials.open(artefact);
  try {
    const input = await openInput(parts, version, fetching, part);
    if (!input.ok) return input;
    if (part.keptBytes > 0) parts.log('download resumed', { kept_bytes: part.keptBytes });
    return await parts.unpacker.unpack(input.value, artefact, folder, { signal, onProgress, onChunk: keeper(part, artefact) });
  } finally {
    await part.close();
  }
}

async function openInput(
  parts: EngineParts,
  version: ReleaseVersion,
  { artefact, signal }: Fetching,
  part: PartialDownload,
): Promise<Verdict<AsyncIterable<Uint8Array>>> {
  if (part.keptBytes === artefact.size) return accept(part.read());
  const rest = await parts.source.openArtefact(version, artefact, part.keptBytes, signal);
  return rest.ok ? accept(oneAfterTheOther(part.read(), rest.value)) : rest;
}

async function* oneAfterTheOther(...inputs: readonly AsyncIterable<Uint8Array>[]): AsyncGenerator<Uint8Array> {
  for (const input of inputs) yield* input;
}

/** Chunks that were replayed are there already; the last one is not kept, because nothing should follow the last byte but its own work. */
function keeper(part: PartialDownload, artefact: Artefact): (chunk: Uint8Array) => Promise<void> {
  let seen = 0;
  return (chunk) => {
    seen += chunk.length;
    return seen <= part.keptBytes || seen === artefact.size ? Promise.resolve() : part.append(chunk);
  };
}
