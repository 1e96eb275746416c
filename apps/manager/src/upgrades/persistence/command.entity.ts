import type { Action } from '@tidegate/contract-protocol';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** Sent until the node says it has it, or until it expires. */
@Entity('commands')
export class CommandEntity {
  @PrimaryColumn('uuid')
  id!: string;

  @Column({ type: 'bigint', insert: false, update: false })
  ordinal!: string;

  @Column('uuid', { name: 'node_id' })
  nodeId!: string;

  @Column('uuid', { name: 'upgrade_id' })
  upgradeId!: string;

  @Column('jsonb')
  action!: Action;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'expires_at' })
  expiresAt!: Date;

  @Column('timestamptz', { name: 'sent_at', nullable: true })
  sentAt!: Date | null;

  /** Set when the node answered, or when nobody needs the answer any more. */
  @Column('timestamptz', { name: 'settled_at', nullable: true })
  settledAt!: Date | null;
}
