import { z } from 'zod';

/** 32 random bytes as base64, in either alphabet: what `openssl rand -base64 32` prints will do. */
export const SECRETS_KEY = /^[A-Za-z0-9+/_-]{43}=?$/;

/** What seals secrets in the database and in this configuration. Every replica of an installation is given the same. */
export const secretsConfig = z
  .strictObject({
    /** From the environment only (TIDEGATE_SECRETS_KEY): beside what it opens it would protect nothing. */
    key: z.string().regex(SECRETS_KEY).optional(),
    /** Mode 0600. Without it data_dir/secrets.key, which the first start makes. */
    key_file: z.string().min(1).optional(),
    /** Keys from before a rotation: they open and no longer seal. */
    previous_key_files: z.array(z.string().min(1)).max(10).default([]),
  })
  .prefault({});

/** Made by `tidegate-manager seal`; text in clear is refused here, it belongs into a file of its own. */
export const sealedText = z
  .string()
  .max(8192)
  .regex(/^enc:v1:[0-9a-f]{16}:[A-Za-z0-9_-]{38,}$/);
