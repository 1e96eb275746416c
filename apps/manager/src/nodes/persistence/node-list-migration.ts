import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Labels beside everything else a list is filtered by: the rows of nodes are wide with facts, and ten thousand of them are read
 * much slower than as many of these.
 */
export class NodeLists1763710000022 implements MigrationInterface {
  readonly name = 'NodeLists1763710000022';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`SET LOCAL lock_timeout = '5s'`);
    // Room for one new version in three is enough where no index is touched; every list reads the empty room too.
    await runner.query('ALTER TABLE node_beats ADD COLUMN labels jsonb, SET (fillfactor = 70)');
    await runner.query(`
      CREATE FUNCTION project_labels() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        UPDATE node_beats SET labels = NEW.labels WHERE node_id = NEW.id;
        RETURN NULL;
      END $$`);
    // After project_node_made and project_node_changed, which make the row: triggers run in the order of their names.
    await runner.query('CREATE TRIGGER project_node_made_labels AFTER INSERT ON nodes FOR EACH ROW EXECUTE FUNCTION project_labels()');
    await runner.query(`CREATE TRIGGER project_node_relabelled AFTER UPDATE OF labels ON nodes FOR EACH ROW
      WHEN (OLD.labels IS DISTINCT FROM NEW.labels) EXECUTE FUNCTION project_labels()`);
    await runner.query(
      'UPDATE node_beats b SET labels = n.labels, trust_fingerprint = left(b.trust_fingerprint, 16) FROM nodes n WHERE n.id = b.node_id',
    );
    await runner.query('CREATE INDEX node_beats_labels ON node_beats USING gin (labels)');
    await runner.query('CREATE INDEX node_beats_enrolled ON node_beats (enrolled_at, node_id)');
    await runner.query('DROP INDEX nodes_labels');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TRIGGER project_node_made_labels ON nodes');
    await runner.query('DROP TRIGGER project_node_relabelled ON nodes');
    await runner.query('DROP FUNCTION project_labels');
    await runner.query('CREATE INDEX nodes_labels ON nodes USING gin (labels)');
    await runner.query('DROP INDEX node_beats_enrolled');
    await runner.query('ALTER TABLE node_beats DROP COLUMN labels, SET (fillfactor = 50)');
  }
}
