import type { MigrationInterface, QueryRunner } from 'typeorm';
import type { Persistence } from '../../platform/index.ts';

class SequenceHeads1763710000050 implements MigrationInterface {
  readonly name = 'SequenceHeads1763710000050';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`SET LOCAL lock_timeout = '5s'`);
    await runner.query(`
      CREATE TABLE sequence_heads (
        stream text PRIMARY KEY,
        position bigint NOT NULL DEFAULT 0,
        tag text NOT NULL DEFAULT ''
      ) WITH (fillfactor = 10)`);
    await runner.query(`INSERT INTO sequence_heads (stream) VALUES ('events'), ('audit')`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE sequence_heads');
  }
}

export const sequencePersistence: Persistence = { entities: [], migrations: [SequenceHeads1763710000050] };
