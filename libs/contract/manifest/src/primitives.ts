import { z } from 'zod';
import { LIMITS } from './limits.ts';

/** SemVer 2.0.0 without build metadata and without a leading v: also a safe folder name. */
const VERSION =
  /^(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})\.(0|[1-9]\d{0,8})(?:-((?:0|[1-9]\d{0,8}|\d*[A-Za-z-][0-9A-Za-z-]*)(?:\.(?:0|[1-9]\d{0,8}|\d*[A-Za-z-][0-9A-Za-z-]*))*))?$/;
export const releaseVersion = z.string().max(LIMITS.versionLength).regex(VERSION).brand<'ReleaseVersion'>();
export type ReleaseVersion = z.infer<typeof releaseVersion>;

export const sha256 = z
  .string()
  .regex(/^[0-9a-f]{64}$/)
  .brand<'Sha256'>();
export type Sha256 = z.infer<typeof sha256>;

export const channel = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/)
  .brand<'Channel'>();
export type Channel = z.infer<typeof channel>;

export const deviceType = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,47}$/)
  .brand<'DeviceType'>();
export type DeviceType = z.infer<typeof deviceType>;

/** A name of an asset beside the manifest: one path segment, nothing clever. */
export const assetName = z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/);
