import type { Facts } from '@tidegate/contract-protocol';
import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('nodes')
export class NodeEntity {
  @PrimaryColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'group_id' })
  groupId!: string;

  @Column('text', { name: 'device_type' })
  deviceType!: string;

  @Column('text')
  name!: string;

  /** Raw Ed25519 key, base64url; unique. */
  @Column('text', { name: 'public_key' })
  publicKey!: string;

  @Column('jsonb')
  facts!: Facts;

  @Column('timestamptz', { name: 'enrolled_at' })
  enrolledAt!: Date;

  @Column('timestamptz', { name: 'revoked_at', nullable: true })
  revokedAt!: Date | null;
}
