import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('registration_tokens')
export class RegistrationTokenEntity {
  @PrimaryColumn('uuid')
  id!: string;

  /** SHA-256 of the token; 32 random bytes need no slow hash. */
  @Column('bytea', { name: 'token_hash' })
  tokenHash!: Buffer;

  @Column('uuid', { name: 'group_id' })
  groupId!: string;

  @Column('text', { name: 'device_type' })
  deviceType!: string;

  @Column('text', { name: 'created_by' })
  createdBy!: string;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'expires_at' })
  expiresAt!: Date;

  @Column('uuid', { name: 'used_by_node', nullable: true })
  usedByNode!: string | null;

  @Column('timestamptz', { name: 'used_at', nullable: true })
  usedAt!: Date | null;
}
