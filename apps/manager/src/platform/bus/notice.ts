/**
 * What replicas tell each other, as text: `["<replica>", "<topic>", ["<id>", ...]]`, or null in place of the ids for "more
 * than can be listed: look yourself". Ids only: whoever hears of a change reads the rows, which are the truth.
 */
import { z } from 'zod';

/** PostgreSQL refuses a payload of 8000 bytes and more. */
const MAX_BYTES = 7900;
const PLAIN = /^[\w./:-]*$/;
/** So that a replica that cannot send, or that has everything to tell, stays small. */
const MAX_WAITING = 20_000;

/** null: so many that they are not listed. */
export type Ids = readonly string[] | null;

const notice = z.tuple([z.uuid(), z.string().max(64), z.array(z.string().max(200)).nullable()]);
export type Notice = z.output<typeof notice>;

/** @returns null for what no replica sends; anybody with access to the database can send anything. */
export function parseNotice(payload: string): Notice | null {
  try {
    return notice.parse(JSON.parse(payload));
  } catch {
    return null;
  }
}

/** Ids of one topic that wait to be sent: each once, however often it changed. */
export class Waiting {
  private ids: Set<string> | null = new Set();

  add(ids: Ids): void {
    if (ids === null || !this.ids) this.ids = null;
    else for (const id of ids) this.ids.add(id);
    if (this.ids && this.ids.size > MAX_WAITING) this.ids = null;
  }

  /** As few payloads as hold them all. */
  payloads(replica: string, topic: string): string[] {
    if (!this.ids) return [JSON.stringify([replica, topic, null])];
    const room = MAX_BYTES - Buffer.byteLength(JSON.stringify([replica, topic, []]));
    const payloads: string[] = [];
    let part: string[] = [];
    let used = 0;
    for (const id of this.ids) {
      const bytes = PLAIN.test(id) ? id.length + 3 : Buffer.byteLength(JSON.stringify(id)) + 1;
      if (used + bytes > room) {
        payloads.push(JSON.stringify([replica, topic, part]));
        [part, used] = [[], 0];
      }
      part.push(id);
      used += bytes;
    }
    if (part.length > 0) payloads.push(JSON.stringify([replica, topic, part]));
    return payloads;
  }
}
