import { createHash } from 'node:crypto';
import { rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { nodeState, type NodeState, type StateStore } from '@tidegate/engine-upgrade';
import { onDisk, readPlain, syncFolder, writeWhole } from './durable-file.ts';

const MAX_STATE_BYTES = 16 * 1024 * 1024;
const sumOf = (body: string): string => createHash('sha256').update(body).digest('hex');

/**
 * `state.json`: one line of JSON, one line with its sha256. A file that is torn, altered or of an unknown shape is set aside
 * under another name and counts as lost; the node goes on with what it last committed.
 */
export function createStateFile(path: string): StateStore {
  return {
    load: () =>
      onDisk('load state', async () => {
        const bytes = readPlain(path, MAX_STATE_BYTES);
        if (bytes === null) return { state: null, quarantined: null };
        const state = decode(bytes.toString('utf8'));
        if (state) return { state, quarantined: null };
        const aside = join(dirname(path), `state.corrupt-${sumOf(bytes.toString('latin1')).slice(0, 12)}.json`);
        await rename(path, aside);
        await syncFolder(dirname(path));
        return { state: null, quarantined: aside.slice(dirname(path).length + 1) };
      }),
    save: (state) =>
      onDisk('save state', () => {
        const body = JSON.stringify(state);
        return writeWhole(path, `${body}\nsha256 ${sumOf(body)}\n`, 0o600);
      }),
  };
}

/** The state for a reader that may change nothing: no corrupt file is set aside. */
export async function peekStateFile(
  path: string,
): Promise<{ readonly state: NodeState | null; readonly condition: 'sound' | 'absent' | 'corrupt' }> {
  const bytes = readPlain(path, MAX_STATE_BYTES);
  if (bytes === null) return { state: null, condition: 'absent' };
  const state = decode(bytes.toString('utf8'));
  return { state, condition: state ? 'sound' : 'corrupt' };
}

function decode(text: string): NodeState | null {
  const [body = '', sum = ''] = text.split('\n');
  if (sum !== `sha256 ${sumOf(body)}`) return null;
  try {
    return nodeState.parse(JSON.parse(body));
  } catch {
    return null;
  }
}
