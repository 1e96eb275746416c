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

/**
 * Addresses or networks of the proxies in front. X-Forwarded-For is believed of these and of nobody else: sign-ins are counted
 * by address, and whoever can choose his own is never over a limit.
 */
export const trustProxy = z
  .array(z.union([z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6()]))
  .max(50)
  .default([]);
