import { open, readFile, rename } from 'node:fs/promises';
import { auditHead, type AuditHead } from '@tidegate/contract-api';

/**
 * The newest head, outside the database: whoever removes the newest rows together with the heads that cover them would leave no trace
 * otherwise.
 * @returns null when there is none, or none that can be read
 */
export async function readLastHead(file: string): Promise<AuditHead | null> {
  try {
    return auditHead.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch {
    return null;
  }
}

export async function writeLastHead(file: string, head: AuditHead): Promise<void> {
  const draft = `${file}.new`;
  const handle = await open(draft, 'w', 0o600);
  try {
    await handle.writeFile(`${JSON.stringify(head)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, file);
}
