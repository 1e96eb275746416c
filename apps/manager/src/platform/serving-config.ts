import { z } from 'zod';

/** Files of one certificate. Both are looked at again every few seconds and on SIGHUP; what is connected stays connected. */
export const tls = z
  .strictObject({
    /** PEM: the certificate, then those between it and the authority. */
    cert_file: z.string().min(1),
    /** PEM, without a passphrase, mode 0600. */
    key_file: z.string().min(1),
    min_version: z.enum(['1.2', '1.3']).default('1.2'),
  })
  .optional();
export type TlsConfig = NonNullable<z.infer<typeof tls>>;

/** Who may read the metrics, and where. Without either of the two nobody. */
export const metrics = z
  .strictObject({
    /** An address of their own, for the network of the monitoring; plain http. */
    listen: z.strictObject({ host: z.string().default('127.0.0.1'), port: z.int().min(0).max(65_535) }).optional(),
    /** What a reader sends as `Authorization: Bearer`; with it /metrics is there beside the API, and asked for at metrics.listen too. */
    token_file: z.string().min(1).optional(),
  })
  .prefault({});

/** What one caller may take of the manager. Nodes have limits of their own. */
export const limits = z
  .strictObject({
    header_timeout_secs: z.number().min(0.1).max(30).default(10),
    /** Of the whole request; shorter than what a stopping manager waits for. */
    request_timeout_secs: z.number().min(0.1).max(30).default(30),
    /** Of one account, at one replica. */
    requests_per_minute: z.int().min(10).max(1_000_000).default(6000),
    /** Live streams of one session or API token, at one replica. */
    streams_per_session: z.int().min(1).max(1000).default(16),
  })
  .prefault({});

/**
 * Addresses or networks of the proxies in front. X-Forwarded-For is believed of these and of nobody else: sign-ins are counted
 * by address, and whoever can choose his own is never over a limit.
 */
export const trustProxy = z
  .array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]))
  .max(50)
  .default([]);
