import { deviceType, releaseVersion } from '@tidegate/contract-manifest';
import { SERVICE } from './environment.ts';

// Put in by build-edge.ts. A run from source has no release to speak of, and says so.
declare const TIDEGATE_VERSION: string | undefined;
declare const TIDEGATE_VARIANT: 'full' | 'thin' | undefined;

export const AGENT_VERSION = releaseVersion.parse(typeof TIDEGATE_VERSION === 'string' ? TIDEGATE_VERSION : '0.0.0-source');
export const VARIANT = typeof TIDEGATE_VARIANT === 'string' ? TIDEGATE_VARIANT : 'thin';
export const DEVICE_TYPE = deviceType.parse(SERVICE);
