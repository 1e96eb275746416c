import { existsSync, readFileSync, statSync, type Stats } from 'node:fs';
import { mkdir, rename, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { CodedError } from '@tidegate/contract-errors';
import { nodeId, publicKey, registrationToken } from '@tidegate/contract-protocol';
import type { Enrolment, Identity } from '@tidegate/engine-node-link';
import { syncFolder, writeWhole } from '@tidegate/adapter-slots-fs';
import { KEY_FILES, makeKeyPair, readKeyPair } from './key-pair.ts';
import { readPrivateFile } from './private-file.ts';

/** `retired_key`: the key of this enrolment was revoked and has been replaced; the next enrolment is written without it. */
const nodeFile = z.object({ node_id: nodeId, manager_id: z.uuid(), retired_key: publicKey.optional() });
type NodeFile = z.infer<typeof nodeFile>;

export interface IdentityOptions {
  /** `identity/` of the install root. */
  readonly folder: string;
  /** A probe never makes a key: a node without one has nothing to prove. */
  readonly makeKey: boolean;
}

/**
 * Opens the node's identity: `key.pem` (0600), `key.next.pem` (0600, while the key changes), `node.json`
 * {node_id, manager_id}, `registration-token` (0600, until it is used).
 * Throws `identity_unusable` (details: file, reason).
 */
export async function openIdentity({ folder, makeKey }: IdentityOptions): Promise<Identity> {
  if (makeKey && !existsSync(folder)) await mkdir(folder, { mode: 0o700, recursive: true });
  refuseWritableByOthers(folder);
  const found = readKeyPair(folder, 'key') ?? (makeKey ? await makeKeyPair(folder, 'key') : null);
  if (found === null) throw new CodedError('identity_unusable', { file: join(folder, KEY_FILES.key), reason: 'missing' });
  let key = found;
  let next = readKeyPair(folder, 'next');
  let known = readNodeFile(join(folder, 'node.json'));
  const tokenFile = join(folder, 'registration-token');
  const writeNodeFile = async (content: NodeFile): Promise<void> => {
    await writeWhole(join(folder, 'node.json'), `${JSON.stringify(content)}\n`, 0o600);
    known = content;
  };

  return {
    key: () => key,
    enrolment: () => enrolmentOf(known),
    async registrationToken() {
      const text = readPrivateFile(tokenFile);
      if (text === null) return null;
      const token = registrationToken.safeParse(text.trim());
      if (!token.success) throw new CodedError('identity_unusable', { file: tokenFile, reason: 'no registration token' });
      return token.data;
    },
    async saveEnrolment(enrolment) {
      await writeNodeFile({ node_id: enrolment.nodeId, manager_id: enrolment.managerId });
      await unlink(tokenFile).catch(ignoreAbsent);
      await syncFolder(folder);
    },
    nextKey: () => next,
    prepareNextKey: async () => (next ??= await makeKeyPair(folder, 'next')),
    async adoptNextKey() {
      if (next === null) return;
      await rename(join(folder, KEY_FILES.next), join(folder, KEY_FILES.key));
      await syncFolder(folder);
      key = next;
      next = null;
    },
    async replaceRevokedKey() {
      if (known === null) return;
      const { retired_key: retired } = known;
      if (retired !== undefined && retired !== key.publicKey) return;
      // A key that was offered in a rotation belongs to the revoked enrolment too. Each step finds what the one before has left.
      const made = (retired === undefined ? null : next) ?? (await makeKeyPair(folder, 'next'));
      await writeNodeFile({ ...known, retired_key: key.publicKey });
      await rename(join(folder, KEY_FILES.next), join(folder, KEY_FILES.key));
      await syncFolder(folder);
      key = made;
      next = null;
    },
  };
}

/** Who can write into the folder can exchange the key for one of their own. */
function refuseWritableByOthers(folder: string): void {
  let status: Stats;
  try {
    status = statSync(folder);
  } catch (error) {
    const { code = 'unreadable' } = error as NodeJS.ErrnoException;
    throw new CodedError('identity_unusable', { file: folder, reason: code === 'ENOENT' ? 'missing' : code });
  }
  if (!status.isDirectory()) throw new CodedError('identity_unusable', { file: folder, reason: 'no folder' });
  if ((status.mode & 0o022) !== 0) throw new CodedError('identity_unusable', { file: folder, reason: 'open to others' });
}

const enrolmentOf = (content: NodeFile | null): Enrolment | null => content && { nodeId: content.node_id, managerId: content.manager_id };

/** null before the node is enrolled. Throws `identity_unusable` for a file that cannot be read as one. */
export const readEnrolment = (file: string): Enrolment | null => enrolmentOf(readNodeFile(file));

function readNodeFile(file: string): NodeFile | null {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    ignoreAbsent(error as NodeJS.ErrnoException);
    return null;
  }
  try {
    return nodeFile.parse(JSON.parse(text));
  } catch {
    // Guessing here could enrol a second time, or drop the pin of the manager.
    throw new CodedError('identity_unusable', { file, reason: 'no node id and manager id' });
  }
}

function ignoreAbsent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
