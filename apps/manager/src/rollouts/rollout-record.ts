import type { RolloutPins, Wait } from '@tidegate/contract-api';
import type { Rollout } from '@tidegate/domain-rollout';

/** A rollout as it is stored: what decisions need, and what it is about. */
export interface RolloutRecord {
  readonly id: string;
  readonly groupId: string;
  readonly deviceType: string;
  readonly version: string;
  readonly channel: string;
  readonly pins: RolloutPins;
  /** Its `createdBy` is the id of the user, so that nobody is another person by asking with a token. */
  readonly rollout: Rollout;
  readonly waitsFor: Wait;
  /** Their name, as in the audit trail. */
  readonly createdByName: string;
  readonly createdAt: Date;
  readonly changedAt: Date;
  readonly endedAt: Date | null;
  /** When something happens without anybody's doing. */
  readonly lookAt: Date | null;
  readonly fence: number;
}
