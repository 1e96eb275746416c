import type { PlatformRole } from '@tidegate/contract-api';
import type { ManagerConfig } from '../../platform/index.ts';

/** Of whom this installation asks a second factor. Whoever has one is asked for it in any case. */
export const isRequiredOf = ({ require_second_factor: of }: Pick<ManagerConfig, 'require_second_factor'>, role: PlatformRole): boolean =>
  of === 'everybody' || (of === 'super_admins' && role === 'super_admin');
