import { Column, Entity, PrimaryGeneratedColumn } from 'typeorm';

@Entity('audit')
export class AuditEntity {
  @PrimaryGeneratedColumn('identity', { type: 'bigint' })
  id!: string;

  @Column('timestamptz')
  at!: Date;

  /** A user name, or `system`. */
  @Column('text')
  actor!: string;

  @Column('text')
  action!: string;

  @Column('text', { name: 'target_kind' })
  targetKind!: string;

  @Column('text', { name: 'target_id' })
  targetId!: string;

  @Column('text', { nullable: true })
  address!: string | null;

  @Column('jsonb')
  details!: Record<string, unknown>;
}
