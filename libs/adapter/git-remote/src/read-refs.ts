import { malformed, type PktLine } from './pkt-line.ts';

export interface RemoteTag {
  /** Without `refs/tags/`. */
  readonly name: string;
  /** What the tag stands for in the end: of an annotated tag the object it was put on, else what the ref itself names. */
  readonly commit: string;
  /** The annotated tag's own object; null for a plain one. */
  readonly tagObject: string | null;
}

const OBJECT_ID = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
const TAGS = 'refs/tags/';
const PEELED = '^{}';
// git itself never makes such a name (git-check-ref-format), so whoever sends one is no git.
const IMPOSSIBLE_NAME = /[\u0000-\u0020\u007f~^:?*[\\]|\.\.|@\{|\/\/|^\/|\/$/;

/** Tags by name while they are read: peeled values come before or after the value of their ref. */
export class RefReader {
  private readonly refs = new Map<string, string>();
  private readonly peeled = new Map<string, string>();

  /** @throws CodedError git_remote_malformed */
  add(objectId: string | undefined, name: string | undefined, peeledId?: string): void {
    if (objectId === undefined || name === undefined || !OBJECT_ID.test(objectId)) throw malformed('a ref');
    if (IMPOSSIBLE_NAME.test(name)) throw malformed('name of a ref');
    if (this.refs.has(name)) throw malformed('a ref stands twice');
    this.refs.set(name, objectId);
    if (peeledId !== undefined) this.addPeeled(peeledId, name);
  }

  addPeeled(objectId: string, name: string): void {
    if (!OBJECT_ID.test(objectId)) throw malformed('a ref');
    if (this.peeled.has(name) || !this.refs.has(name)) throw malformed('a peeled ref without its ref');
    this.peeled.set(name, objectId);
  }

  tags(): RemoteTag[] {
    return [...this.refs].flatMap(([ref, objectId]) => {
      if (!ref.startsWith(TAGS)) return [];
      const peeled = this.peeled.get(ref);
      return [{ name: ref.slice(TAGS.length), commit: peeled ?? objectId, tagObject: peeled === undefined ? null : objectId }];
    });
  }
}

/** Answer to `ls-refs` (gitprotocol-v2): `<oid> <ref>[ <attribute>...]`, up to a flush. */
export function readLsRefs(lines: Iterable<PktLine>): RemoteTag[] {
  const refs = new RefReader();
  for (const line of lines) {
    if (line.kind === 'flush') return refs.tags();
    if (line.kind !== 'data' || line.text.startsWith('ERR '))
      throw malformed(line.kind === 'data' ? 'the remote says it failed' : 'a mark');
    const [objectId, name, ...attributes] = line.text.split(' ');
    refs.add(objectId, name, attributes.find((attribute) => attribute.startsWith('peeled:'))?.slice('peeled:'.length));
  }
  throw malformed('cut off');
}

/**
 * Advertisement of versions 0 and 1 (gitprotocol-pack, "Reference Discovery"): `<oid> <ref>`, with capabilities behind a NUL
 * in the first, and a line `<oid> <ref>^{}` after each annotated tag. `first` is the line that was looked at already.
 */
export function readAdvertisement(first: PktLine, rest: Iterator<PktLine>): RemoteTag[] {
  const refs = new RefReader();
  let line: PktLine | undefined = first;
  for (let isFirst = true; line; isFirst = false) {
    if (line.kind === 'flush') return refs.tags();
    if (line.kind !== 'data' || line.text.startsWith('ERR '))
      throw malformed(line.kind === 'data' ? 'the remote says it failed' : 'a mark');
    const text = isFirst ? (line.text.split('\0', 1)[0] ?? '') : line.text;
    const at = text.indexOf(' ');
    addAdvertised(refs, text.slice(0, at), text.slice(at + 1));
    const next = rest.next();
    line = next.done === true ? undefined : next.value;
  }
  throw malformed('cut off');
}

function addAdvertised(refs: RefReader, objectId: string, name: string): void {
  // An empty repository has only this line; a shallow one says so before its refs.
  if (name === `capabilities${PEELED}` || objectId === 'shallow') return;
  if (name.endsWith(PEELED)) refs.addPeeled(objectId, name.slice(0, -PEELED.length));
  else refs.add(objectId, name);
}
