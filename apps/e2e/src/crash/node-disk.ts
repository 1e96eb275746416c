import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { verifyTree } from '@tidegate/adapter-unpack-tar';
import { parseManifest } from '@tidegate/contract-manifest';

interface AttemptOnDisk {
  readonly commandId: string;
  readonly state: string;
  readonly errorCode: string | null;
  readonly finishedAt: string | null;
}

/** What `state.json` says of attempts; nothing when it is not there or not whole. */
export function readAttempts(root: string): { readonly attempt: AttemptOnDisk | null; readonly history: readonly AttemptOnDisk[] } {
  try {
    return JSON.parse(readFileSync(join(root, 'state.json'), 'utf8').split('\n')[0] ?? '');
  } catch {
    return { attempt: null, history: [] };
  }
}

export const linked = (root: string, link: string): string | null => {
  try {
    return readlinkSync(join(root, link)).replace(/^versions\//, '');
  } catch {
    return null;
  }
};

/** `cache` is what Node keeps of compiled code; it can be thrown away at any time. */
const IN_ROOT = [
  'cache',
  'committed',
  'config.json',
  'current',
  'identity',
  'lock',
  'previous',
  'run',
  'runs.json',
  'snapshots',
  'spool',
  'staging',
  'state.json',
  'trial',
  'versions',
];
const IN_RECORD = ['counters', 'lock', 'verdict', 'version'];
const IN_TRIAL = ['intent', 'testimony'];
const IN_IDENTITY = ['key.pem', 'local-api-token', 'node.json'];
const TERMINAL = ['committed', 'rolled_back', 'failed', 'refused'];

const strangers = (folder: string, known: readonly string[]): string[] =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => !known.includes(name))
        .map((name) => join(folder, name))
    : [];

/** Whether every file is there that was signed, and nothing else. */
async function slotFaults(slot: string): Promise<string[]> {
  if (!existsSync(join(slot, 'manifest.json'))) return [`${slot} has no manifest`];
  const manifest = parseManifest(readFileSync(join(slot, 'manifest.json')));
  if (!manifest.ok) return [`${slot}: ${manifest.code}`];
  const tree = await verifyTree(slot, manifest.value.artefacts[0]?.files ?? []);
  return tree.ok ? [] : [`${slot}: ${JSON.stringify(tree.details)}`];
}

/** All that is wrong with a node that has nothing left to do; empty when it is as it must be. */
export async function faultsOf(node: {
  readonly root: string;
  readonly record: string;
  readonly commandId: string;
  refusedByDisk(): boolean;
}): Promise<string[]> {
  const { root, record, commandId } = node;
  const faults: string[] = [];
  const current = linked(root, 'current');
  const committed = linked(root, 'committed');
  if (current === null || current !== committed) faults.push(`current names ${current}, committed ${committed}`);
  for (const name of readdirSync(join(root, 'versions'))) faults.push(...(await slotFaults(join(root, 'versions', name))));
  const untracked = [
    ...strangers(root, IN_ROOT),
    ...strangers(record, IN_RECORD),
    ...strangers(join(root, 'trial'), IN_TRIAL),
    ...strangers(join(root, 'staging'), []),
    ...strangers(join(root, 'identity'), IN_IDENTITY),
    ...readdirSync(join(root, 'spool')).filter((name) => !/^[0-9a-f-]+\.log$/.test(name)),
  ];
  if (untracked.length > 0) faults.push(`untracked: ${untracked.join(', ')}`);
  const { attempt, history } = readAttempts(root);
  const ended = history.filter((one) => one.commandId === commandId);
  if (attempt !== null) faults.push(`an attempt is still ${attempt.state}`);
  if (ended.length === 0 && node.refusedByDisk()) return faults;
  if (ended.length !== 1 || !TERMINAL.includes(ended[0]?.state ?? '') || ended[0]?.finishedAt === null)
    faults.push(`ended as ${JSON.stringify(ended.map((one) => one.state))}`);
  return faults;
}
