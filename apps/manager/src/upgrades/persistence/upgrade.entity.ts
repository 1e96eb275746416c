import type { UpgradeState } from '@tidegate/contract-api';
import { Column, Entity, PrimaryColumn } from 'typeorm';
import type { Progress, UpgradeStep } from '../upgrade-life.ts';

@Entity('upgrades')
export class UpgradeEntity {
  /** Also the id of the command on the wire. */
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'node_id' })
  nodeId!: string;

  @Column('uuid', { name: 'group_id' })
  groupId!: string;

  @Column('text')
  action!: 'upgrade' | 'return';

  @Column('text')
  version!: string;

  @Column('text')
  channel!: string;

  @Column('text', { name: 'from_version', nullable: true })
  fromVersion!: string | null;

  @Column('text', { name: 'expected_manifest_sha256', nullable: true })
  expectedManifestSha256!: string | null;

  @Column('boolean', { name: 'retry_skipped' })
  retrySkipped!: boolean;

  @Column('text')
  state!: UpgradeState;

  @Column('jsonb', { nullable: true })
  progress!: Progress | null;

  @Column('text', { name: 'attempt_id', nullable: true })
  attemptId!: string | null;

  @Column('text', { name: 'error_code', nullable: true })
  errorCode!: string | null;

  @Column('jsonb', { name: 'error_details' })
  errorDetails!: Record<string, unknown>;

  @Column('text', { name: 'requested_by' })
  requestedBy!: string;

  @Column('timestamptz', { name: 'requested_at' })
  requestedAt!: Date;

  @Column('timestamptz', { name: 'deadline_at' })
  deadlineAt!: Date;

  @Column('timestamptz', { name: 'finished_at', nullable: true })
  finishedAt!: Date | null;

  @Column('jsonb')
  steps!: UpgradeStep[];
}
