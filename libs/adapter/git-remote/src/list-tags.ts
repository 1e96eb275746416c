import { CodedError } from '@tidegate/contract-errors';
import type { GitAnswer, GitHttp } from './git-http.ts';
import { DELIMITER, FLUSH, malformed, pktLine, pktLines, type PktLine } from './pkt-line.ts';
import { readAdvertisement, readLsRefs, type RemoteTag } from './read-refs.ts';

export type { RemoteTag };
export interface TagList {
  readonly protocol: 'v2' | 'v0';
  /** In the order of the remote. Names are as the remote sent them: nothing of it is verified. */
  readonly tags: readonly RemoteTag[];
}

const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
const INFO_REFS = '/info/refs';
const ADVERTISEMENT = 'application/x-git-upload-pack-advertisement';
const RESULT = 'application/x-git-upload-pack-result';
const REQUEST = 'application/x-git-upload-pack-request';
const VERSION_2 = { 'git-protocol': 'version=2' };

/**
 * Tags of a repository over git's smart HTTP (gitprotocol-http): version 2 asks for the tags alone; a remote that knows only
 * version 0 or 1 has told all its refs with the first answer. Each answer may have 4 MiB.
 *
 * @param prefix of the tag's name, to ask for less; a remote of version 0 sends everything all the same, and is filtered.
 * @throws CodedError git_remote_denied (401, 403, 404), git_remote_unavailable (other statuses), git_remote_malformed (details:
 *   rule), and whatever the transport throws.
 */
export async function listTags(http: GitHttp, repository: URL, prefix: string, signal: AbortSignal): Promise<TagList> {
  const opened = await http.get(infoRefsOf(repository), { accept: `${ADVERTISEMENT}, */*`, ...VERSION_2 }, signal);
  const lines = pktLines(await bodyOf(opened, ADVERTISEMENT, signal));
  const first = afterServiceLine(lines);
  const named = (tags: readonly RemoteTag[]): RemoteTag[] => tags.filter((tag) => tag.name.startsWith(prefix));
  if (textOf(first) !== 'version 2') {
    const start = textOf(first) === 'version 1' ? nextOf(lines) : first;
    return { protocol: 'v0', tags: named(readAdvertisement(start, lines)) };
  }
  const body = Buffer.from(lsRefs(capabilitiesOf(lines), prefix), 'latin1');
  const answer = await http.post(uploadPackOf(opened.url), { 'content-type': REQUEST, accept: RESULT, ...VERSION_2 }, body, signal);
  return { protocol: 'v2', tags: named(readLsRefs(pktLines(await bodyOf(answer, RESULT, signal)))) };
}

function infoRefsOf(repository: URL): URL {
  const url = new URL(repository);
  url.pathname = url.pathname.replace(/\/+$/, '') + INFO_REFS;
  url.search = '?service=git-upload-pack';
  return url;
}

/** Beside where the refs came from, which a redirect may have moved, as git itself does. */
function uploadPackOf(infoRefs: URL): URL {
  if (!infoRefs.pathname.endsWith(INFO_REFS)) throw malformed('a redirect to something else');
  const url = new URL(infoRefs);
  url.pathname = `${url.pathname.slice(0, -INFO_REFS.length)}/git-upload-pack`;
  url.search = '';
  return url;
}

async function bodyOf(answer: GitAnswer, type: string, signal: AbortSignal): Promise<Uint8Array> {
  if (answer.status !== 200) {
    answer.discard();
    throw new CodedError([401, 403, 404].includes(answer.status) ? 'git_remote_denied' : 'git_remote_unavailable', {
      status: answer.status,
    });
  }
  const encoding = answer.header('content-encoding') ?? 'identity';
  // A page that asks people to sign in answers 200 as well; only this type is git.
  if (answer.header('content-type')?.split(';', 1)[0]?.trim() !== type || encoding !== 'identity') {
    answer.discard();
    throw malformed('content type');
  }
  const bytes = await answer.read(MAX_ANSWER_BYTES, signal);
  if (!bytes) throw malformed('too large');
  return bytes;
}

function nextOf(lines: Iterator<PktLine>): PktLine {
  const next = lines.next();
  if (next.done === true) throw malformed('cut off');
  return next.value;
}

const textOf = (line: PktLine): string | null => (line.kind === 'data' ? line.text : null);

/** `# service=git-upload-pack` and a flush stand before versions 0 and 1; git leaves them out for version 2. */
function afterServiceLine(lines: Iterator<PktLine>): PktLine {
  const first = nextOf(lines);
  if (!textOf(first)?.startsWith('# ')) return first;
  if (textOf(first) !== '# service=git-upload-pack' || nextOf(lines).kind !== 'flush') throw malformed('service line');
  return nextOf(lines);
}

function capabilitiesOf(lines: Iterator<PktLine>): string[] {
  const capabilities: string[] = [];
  for (let line = nextOf(lines); line.kind !== 'flush'; line = nextOf(lines)) {
    if (line.kind !== 'data') throw malformed('a mark');
    capabilities.push(line.text);
  }
  return capabilities;
}

function lsRefs(capabilities: readonly string[], prefix: string): string {
  if (!capabilities.some((one) => one === 'ls-refs' || one.startsWith('ls-refs='))) throw malformed('no ls-refs');
  const format = capabilities.find((one) => /^object-format=(sha1|sha256)$/.test(one));
  const head = [pktLine('command=ls-refs\n'), ...(format === undefined ? [] : [pktLine(`${format}\n`)])];
  return [...head, DELIMITER, pktLine('peel\n'), pktLine(`ref-prefix refs/tags/${prefix}\n`), FLUSH].join('');
}
