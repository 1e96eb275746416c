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

  @Column('timestamptz', { name: 'removed_at', nullable: true })
  removedAt!: Date | null;

  @Column('text', { name: 'next_public_key', nullable: true })
  nextPublicKey!: string | null;

  @Column('uuid', { name: 'key_rotation_id', nullable: true })
  keyRotationId!: string | null;

  @Column('text', { name: 'key_rotation_state', nullable: true })
  keyRotationState!: 'asked' | 'offered' | 'refused' | null;

  @Column('timestamptz', { name: 'quarantined_at', nullable: true })
  quarantinedAt!: Date | null;
}
