import { readFile } from 'node:fs/promises';
import type { Server } from 'node:https';
import { createSecureContext } from 'node:tls';
import { CodedError, isCodedError } from '@tidegate/contract-errors';
import type { Log } from '../log.ts';
import type { TlsConfig } from '../serving-config.ts';

/** What whoever connects and then says nothing gets. */
const HANDSHAKE_TIMEOUT_MS = 10_000;

interface Pair {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly minVersion: 'TLSv1.2' | 'TLSv1.3';
}

/** @throws CodedError tls_files_unusable */
async function readPair({ cert_file: certFile, key_file: keyFile, min_version: version }: TlsConfig): Promise<Pair> {
  let step = 'unreadable';
  try {
    const [cert, key] = await Promise.all([readFile(certFile), readFile(keyFile)]);
    const pair = { cert, key, minVersion: `TLSv${version}` } as const;
    step = 'not a certificate and its key';
    createSecureContext(pair);
    return pair;
  } catch {
    // OpenSSL's own words may quote the key file.
    throw new CodedError('tls_files_unusable', { cert_file: certFile, key_file: keyFile, problem: step });
  }
}

/** The certificate this manager shows. Exchanged under open connections: they keep what they were opened with. */
export class Certificate {
  private server: Server | undefined;
  private lastProblem = '';

  private constructor(
    private readonly config: TlsConfig,
    private readonly log: Log,
    private shown: Pair,
  ) {}

  /** @throws CodedError tls_files_unusable */
  static async open(config: TlsConfig, log: Log): Promise<Certificate> {
    return new Certificate(config, log, await readPair(config));
  }

  get options(): Pair & { readonly handshakeTimeout: number } {
    return { ...this.shown, handshakeTimeout: HANDSHAKE_TIMEOUT_MS };
  }

  showAt(server: Server): void {
    this.server = server;
  }

  /**
   * Looks at the files again. Two files cannot be replaced at once: a pair that does not fit is taken for one of which the second
   * half is still to come, and the old one stays.
   */
  async reload(): Promise<void> {
    try {
      const found = await readPair(this.config);
      this.lastProblem = '';
      if (found.cert.equals(this.shown.cert) && found.key.equals(this.shown.key)) return;
      this.server?.setSecureContext(found);
      this.shown = found;
      this.log.info({ cert_file: this.config.cert_file }, 'the certificate was exchanged');
    } catch (error) {
      if (!isCodedError(error)) throw error;
      const problem = String(error.details['problem']);
      if (problem !== this.lastProblem) this.log.error({ code: error.code, details: error.details }, 'the certificate was not exchanged');
      this.lastProblem = problem;
    }
  }
}
