import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('account_sessions')
export class AccountSessionEntity {
  /** SHA-256 of the cookie's value: a stolen database opens no session. */
  @PrimaryColumn('bytea', { name: 'id_hash' })
  idHash!: Buffer;

  @Column('uuid', { name: 'user_id' })
  userId!: string;

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;

  @Column('timestamptz', { name: 'last_used_at' })
  lastUsedAt!: Date;

  @Column('timestamptz', { name: 'expires_at' })
  expiresAt!: Date;

  @Column('text')
  address!: string;
}
