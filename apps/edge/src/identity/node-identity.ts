import { mkdir, readFile, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { CodedError } from '@tidegate/contract-errors';
import { nodeId, registrationToken } from '@tidegate/contract-protocol';
import type { Enrolment, Identity } from '@tidegate/engine-node-link';
import { syncFolder, writeWhole } from '@tidegate/adapter-slots-fs';
import { makeKeyPair, readKeyPair } from './key-pair.ts';
import { readPrivateFile } from './private-file.ts';

const nodeFile = z.object({ node_id: nodeId, manager_id: z.uuid() });

export interface IdentityOptions {
  /** `identity/` of the install root. */
  readonly folder: string;
  /** A probe never makes a key: a node without one has nothing to prove. */
  readonly makeKey: boolean;
}

/**
 * Opens the node's identity: `key.pem` (0600), `node.json` {node_id, manager_id}, `registration-token` (0600, until it is used).
 * Throws `identity_unusable` (details: file, reason).
 */
export async function openIdentity({ folder, makeKey }: IdentityOptions): Promise<Identity> {
  if (makeKey) await mkdir(folder, { mode: 0o700, recursive: true });
  await refuseWritableByOthers(folder);
  const keys = (await readKeyPair(folder)) ?? (makeKey ? await makeKeyPair(folder) : null);
  if (keys === null) throw new CodedError('identity_unusable', { file: join(folder, 'key.pem'), reason: 'missing' });
  let enrolment = await readEnrolment(join(folder, 'node.json'));
  const tokenFile = join(folder, 'registration-token');

  return {
    publicKey: keys.publicKey,
    sign: keys.sign,
    enrolment: () => enrolment,
    async registrationToken() {
      const text = await readPrivateFile(tokenFile);
      if (text === null) return null;
      const token = registrationToken.safeParse(text.trim());
      if (!token.success) throw new CodedError('identity_unusable', { file: tokenFile, reason: 'no registration token' });
      return token.data;
    },
    async saveEnrolment(next) {
      await writeWhole(join(folder, 'node.json'), `${JSON.stringify({ node_id: next.nodeId, manager_id: next.managerId })}\n`, 0o600);
      enrolment = next;
      await unlink(tokenFile).catch(ignoreAbsent);
      await syncFolder(folder);
    },
  };
}

/** Who can write into the folder can exchange the key for one of their own. */
async function refuseWritableByOthers(folder: string): Promise<void> {
  const status = await stat(folder).catch((error: NodeJS.ErrnoException) => {
    throw new CodedError('identity_unusable', { file: folder, reason: error.code === 'ENOENT' ? 'missing' : (error.code ?? 'unreadable') });
  });
  if (!status.isDirectory()) throw new CodedError('identity_unusable', { file: folder, reason: 'no folder' });
  if ((status.mode & 0o022) !== 0) throw new CodedError('identity_unusable', { file: folder, reason: 'open to others' });
}

/** null before the node is enrolled. Throws `identity_unusable` for a file that cannot be read as one. */
export async function readEnrolment(file: string): Promise<Enrolment | null> {
  const text = await readFile(file, 'utf8').catch(ignoreAbsent);
  if (text === undefined) return null;
  try {
    const { node_id, manager_id } = nodeFile.parse(JSON.parse(text));
    return { nodeId: node_id, managerId: manager_id };
  } catch {
    // Guessing here could enrol a second time, or drop the pin of the manager.
    throw new CodedError('identity_unusable', { file, reason: 'no node id and manager id' });
  }
}

function ignoreAbsent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
