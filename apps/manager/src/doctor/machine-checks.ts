import { X509Certificate } from 'node:crypto';
import { readFile, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { isCodedError } from '@tidegate/contract-errors';
import { Certificate, isHttps, type Log, type ManagerConfig } from '../platform/index.ts';
import { found, type Finding } from './finding.ts';

const LOW_BYTES = 1024 ** 3;
const LOW_PERCENT = 5;
const DAY_MS = 86_400_000;
const RENEW_DAYS = 14;
const LOOPBACK = ['127.0.0.1', '::1', 'localhost'];

export async function checkDisk({ data_dir: folder }: ManagerConfig): Promise<Finding[]> {
  const disk = await statfs(folder).catch(() => null);
  if (!disk) return [{ code: 'data_dir_unwritable', weight: 'broken', details: { data_dir: folder } }];
  const freeBytes = disk.bavail * disk.bsize;
  const low = freeBytes < LOW_BYTES || disk.bavail * 100 < disk.blocks * LOW_PERCENT;
  return found(low, 'disk_low', 'broken', { data_dir: folder, free_bytes: freeBytes });
}

/** Files whose content nobody else may know. One that is not there is made, or is missed where it is used. */
export async function checkSecretFiles(config: ManagerConfig): Promise<Finding[]> {
  const files = [
    // Where the first releases kept it.
    config.audit.signing_key_file ?? join(config.data_dir, 'audit-signing-key.pem'),
    config.secrets.key_file ?? join(config.data_dir, 'secrets.key'),
    ...config.secrets.previous_key_files,
    config.admin.password_file,
    config.tls?.key_file,
    config.mirror.token_file,
    config.metrics.token_file,
    config.oidc?.client_secret_file,
    ...config.release_sources.map((source) => source.token_file),
    ...config.discovery.remotes.map((remote) => remote.token_file),
  ].filter((file) => file !== undefined);
  const findings = await Promise.all(
    [...new Set(files)].map(async (file) => {
      const mode = (await stat(file).catch(() => null))?.mode;
      // Of root's files a group of its own may read some, as with certificates.
      return found(mode !== undefined && (mode & 0o007) !== 0, 'file_mode_unsafe', 'broken', {
        file,
        mode: ((mode ?? 0) & 0o777).toString(8).padStart(4, '0'),
      });
    }),
  );
  return findings.flat();
}

export async function checkCertificate({ tls }: ManagerConfig, log: Log, now: Date): Promise<Finding[]> {
  if (!tls) return [];
  try {
    await Certificate.open(tls, log);
  } catch (error) {
    if (!isCodedError(error)) throw error;
    return [{ code: error.code, weight: 'broken', details: error.details }];
  }
  const { validFromDate, validToDate } = new X509Certificate(await readFile(tls.cert_file));
  const broken = validToDate <= now || validFromDate > now;
  const soon = validToDate.getTime() - now.getTime() < RENEW_DAYS * DAY_MS;
  const details = { valid_from: validFromDate.toISOString(), valid_to: validToDate.toISOString() };
  return found(broken || soon, 'certificate_expiring', broken ? 'broken' : 'notice', details);
}

export function checkPublicOrigin(config: ManagerConfig): Finding[] {
  const { public_origin: origin, listen } = config;
  const told = { public_origin: origin ?? null, listen: listen.host };
  const host = origin === undefined ? listen.host : new URL(origin).hostname.replace(/^\[|\]$/g, '');
  const remote = !LOOPBACK.includes(host);
  const rest = origin === undefined ? '' : origin.slice(new URL(origin).origin.length);
  return [
    ...found(remote && !isHttps(config), 'public_origin_unfit', 'broken', { ...told, reason: 'reached from elsewhere, and no https' }),
    ...found(!['', '/'].includes(rest), 'public_origin_unfit', 'broken', { ...told, reason: 'it has a path' }),
    ...found(config.tls !== undefined && origin?.startsWith('http:') === true, 'public_origin_unfit', 'broken', {
      ...told,
      reason: 'http, and tls is set',
    }),
  ];
}
