// The product's side, in a process of its own: fetch, verify and unpack with the adapters that the agent uses, as it wires
// them. argv: a JSON file with {from: {apiBaseUrl, owner, repo, version} | {file}, artefact, folder}. Prints one JSON line.
import { createReadStream, readFileSync } from 'node:fs';
import { githubReleaseSource } from '@tidegate/adapter-release-source';
import { tarUnpacker } from '@tidegate/adapter-unpack-tar';

const { from, artefact, folder } = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const { signal } = new AbortController();
const need = (verdict) => {
  if (!verdict.ok) throw new Error(`${verdict.code} ${JSON.stringify(verdict.details)}`);
  return verdict.value;
};

const begunAt = performance.now();
const cpuBefore = process.cpuUsage();
const source = from.file === undefined ? githubReleaseSource({ ...from.source, allowLoopbackHttp: true, userAgent: 'bench' }) : undefined;
const input = source
  ? need(await source.openArtefact(from.version, artefact, 0, signal))
  : createReadStream(from.file, { highWaterMark: 64 * 1024 });
need(await tarUnpacker.unpack(input, artefact, folder, { signal, onProgress: () => undefined }));
const endedAtMs = Number(process.hrtime.bigint()) / 1e6;
const { user, system } = process.cpuUsage(cpuBefore);
const peakKib = /^VmHWM:\s+(\d+) kB$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
console.log(
  JSON.stringify({ wallMs: performance.now() - begunAt, cpuMs: (user + system) / 1000, endedAtMs, peakMb: (Number(peakKib) * 1024) / 1e6 }),
);
await source?.close();
