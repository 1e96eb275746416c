import { readFile } from 'node:fs/promises';
import { listTags, type GitAnswer, type GitHttp } from '@tidegate/adapter-git-remote';
import { guardedHttp, readCapped, type GuardedHttp, type HttpAnswer } from '@tidegate/adapter-release-source';
import { CodedError, isCodedError } from '@tidegate/contract-errors';
import type { ConfiguredRemote } from './configured-remotes.ts';
import { prefixOf, versionTags, type VersionTag } from './version-tags.ts';

const DEADLINE_MS = 20_000;
const HEADERS_TIMEOUT_MS = 10_000;

/**
 * Asks one remote for its versions; with a tag's whole name for that one. Where it may lead is guarded address by address, and
 * the token goes to its own origin only.
 * @throws CodedError git_remote_url_invalid, git_remote_unavailable, git_remote_denied, git_remote_malformed
 */
export async function askRemote(remote: ConfiguredRemote, outer: AbortSignal, tagName?: string): Promise<VersionTag[]> {
  const signal = AbortSignal.any([outer, AbortSignal.timeout(DEADLINE_MS)]);
  const http = await openHttp(remote);
  try {
    const { tags } = await listTags(gitHttp(http), new URL(remote.url), tagName ?? prefixOf(remote.tag_pattern), signal);
    return versionTags(tags, remote.tag_pattern);
  } catch (error) {
    throw asRemoteError(error, new URL(remote.url).host);
  } finally {
    await http.close();
  }
}

async function openHttp(remote: ConfiguredRemote): Promise<GuardedHttp> {
  const read = (file: string): Promise<string> =>
    readFile(file, 'utf8').catch((cause: unknown) => {
      throw new CodedError('git_remote_unavailable', { rule: 'a file of its configuration cannot be read' }, { cause });
    });
  const basic = (token: string): string => `Basic ${Buffer.from(`${remote.username}:${token.trim()}`).toString('base64')}`;
  const token = remote.openToken?.() ?? (remote.token_file === undefined ? undefined : await read(remote.token_file));
  return guardedHttp({
    userAgent: 'git/2 (tidegate-manager)',
    headersTimeoutMs: HEADERS_TIMEOUT_MS,
    allowLoopbackHttp: remote.allow_loopback_http,
    allowPrivateAddresses: remote.allow_private_addresses,
    ...(token !== undefined && { credentials: { origin: new URL(remote.url).origin, authorization: basic(token) } }),
    ...(remote.ca_file !== undefined && { caPem: await read(remote.ca_file) }),
    ...(remote.proxy !== undefined && { proxyUrl: remote.proxy }),
  });
}

const gitHttp = (http: GuardedHttp): GitHttp => ({
  get: async (url, headers, signal) => gitAnswer(await http.get(url, headers, signal)),
  post: async (url, headers, body, signal) => gitAnswer(await http.post(url, headers, body, signal)),
});

const gitAnswer = (answer: HttpAnswer): GitAnswer => ({
  status: answer.status,
  url: answer.url,
  header: answer.header,
  read: (maxBytes, signal) => readCapped(answer, maxBytes, signal),
  discard: () => void answer.body.on('error', () => undefined).destroy(),
});

/** The transport speaks of upgrades, because nodes use it too. */
function asRemoteError(error: unknown, host: string): CodedError {
  if (!isCodedError(error)) throw error;
  if (error.code.startsWith('git_remote_')) return new CodedError(error.code, { host, ...error.details });
  if (error.code === 'upgrade_url_invalid') return new CodedError('git_remote_url_invalid', error.details, { cause: error });
  const details = error.code === 'upgrade_network_error' ? error.details : { rule: 'deadline' };
  return new CodedError('git_remote_unavailable', { host, ...details }, { cause: error });
}
