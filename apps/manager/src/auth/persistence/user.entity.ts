import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity('users')
export class UserEntity {
  @PrimaryColumn('uuid')
  id!: string;

  /** Lower case; unique. */
  @Column('text')
  username!: string;

  /** argon2id, PHC string. */
  @Column('text', { name: 'password_hash' })
  passwordHash!: string;

  @Column('text')
  role!: 'user' | 'super_admin';

  @Column('timestamptz', { name: 'created_at' })
  createdAt!: Date;
}
