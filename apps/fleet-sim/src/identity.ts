import { createPrivateKey, generateKeyPairSync, randomUUID, type KeyObject } from 'node:crypto';
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { z } from 'zod';

const stored = z.object({
  key: z.string(),
  node_id: z.uuid().nullable(),
  spool_id: z.uuid(),
  next_seq: z.int(),
  executed: z.array(z.string()),
});
const file = z.object({ nodes: z.array(stored) });

/** What a node keeps over restarts, its own and the simulator's. */
export interface Identity {
  readonly key: KeyObject;
  readonly publicKey: string;
  nodeId: string | null;
  readonly spoolId: string;
  nextSeq: number;
  /** Commands it has taken. One that comes again is acknowledged again and not done again. */
  readonly executed: Set<string>;
}

const of = (key: KeyObject, rest: Omit<Identity, 'key' | 'publicKey'>): Identity => ({ key, publicKey: publicOf(key), ...rest });
const publicOf = (key: KeyObject): string => z.string().parse(key.export({ format: 'jwk' }).x);

export function newIdentity(): Identity {
  const { privateKey } = generateKeyPairSync('ed25519');
  return of(privateKey, { nodeId: null, spoolId: randomUUID(), nextSeq: 1, executed: new Set() });
}

/** As many as asked for: those of the file, and new ones. */
export function loadIdentities(path: string | undefined, count: number): Identity[] {
  const kept = path === undefined ? [] : readIfThere(path);
  return [...kept.slice(0, count), ...Array.from({ length: Math.max(0, count - kept.length) }, newIdentity)];
}

function readIfThere(path: string): Identity[] {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
  return file.parse(JSON.parse(text)).nodes.map((node) =>
    of(createPrivateKey(node.key), {
      nodeId: node.node_id,
      spoolId: node.spool_id,
      nextSeq: node.next_seq,
      executed: new Set(node.executed),
    }),
  );
}

export function saveIdentities(path: string, identities: readonly Identity[]): void {
  const nodes = identities.map((identity) => ({
    key: identity.key.export({ type: 'pkcs8', format: 'pem' }),
    node_id: identity.nodeId,
    spool_id: identity.spoolId,
    next_seq: identity.nextSeq,
    executed: [...identity.executed],
  }));
  writeFileSync(`${path}.new`, JSON.stringify({ nodes }), { mode: 0o600 });
  renameSync(`${path}.new`, path);
}
