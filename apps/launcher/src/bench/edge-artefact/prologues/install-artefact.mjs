// Runs before an agent and instead of it: fetches, verifies and unpacks one artefact with the agent's adapters, bundled and
// started as the agent is. TIDEGATE_BENCH_ORDER names a JSON file: {source, version} or {file}, and {artefact, root, folder}.
// Prints one JSON line.
import { createReadStream, readFileSync } from 'node:fs';
import { githubReleaseSource } from '@tidegate/adapter-release-source';
import { createPartialDownloads } from '@tidegate/adapter-slots-fs';
import { tarUnpacker } from '@tidegate/adapter-unpack-tar';

const order = JSON.parse(readFileSync(process.env.TIDEGATE_BENCH_ORDER, 'utf8'));
const { signal } = new AbortController();
const onProgress = () => undefined;
const need = (verdict) => {
  if (!verdict.ok) throw new Error(`${verdict.code} ${JSON.stringify(verdict.details)}`);
  return verdict.value;
};

/** As an attempt fetches: with the copy that a restart would resume from, which leaves out the last chunk. */
async function fetchAndUnpack({ source, version, artefact, root, folder }) {
  const partials = createPartialDownloads(root);
  const part = await partials.open(artefact);
  const releases = githubReleaseSource({ ...source, allowLoopbackHttp: true, userAgent: 'bench' });
  const input = need(await releases.openArtefact(version, artefact, part.keptBytes, signal));
  let seen = 0;
  const onChunk = (chunk) => {
    seen += chunk.length;
    return seen === artefact.size ? Promise.resolve() : part.append(chunk);
  };
  need(await tarUnpacker.unpack(input, artefact, folder, { signal, onProgress, onChunk }));
  await part.close();
  await partials.drop(artefact);
}

const unpackFile = async ({ file, artefact, folder }) =>
  need(await tarUnpacker.unpack(createReadStream(file), artefact, folder, { signal, onProgress }));

const begunAt = performance.now();
const cpuBefore = process.cpuUsage();
await (order.file === undefined ? fetchAndUnpack(order) : unpackFile(order));
const endedAtMs = Number(process.hrtime.bigint()) / 1e6;
const wallMs = performance.now() - begunAt;
const { user, system } = process.cpuUsage(cpuBefore);
const peakKib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
console.log(JSON.stringify({ wallMs, cpuMs: (user + system) / 1000, endedAtMs, peakMb: (Number(peakKib) * 1024) / 1e6 }));
process.exit();
