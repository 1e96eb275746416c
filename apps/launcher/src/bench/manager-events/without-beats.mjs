// Preloaded into a manager that is to answer beats without storing them: the statement of a beat without news is answered here.
// Everything before and after it stays as it is.
import pg from 'pg';

let dropping = false;
const { query } = pg.Client.prototype;
pg.Client.prototype.query = function (...given) {
  const [text, , done] = given;
  if (!dropping || typeof text !== 'string' || !text.includes('UPDATE node_beats b SET last_beat_at')) return query.apply(this, given);
  const result = { command: 'SELECT', rowCount: 0, rows: [], fields: [] };
  if (typeof done !== 'function') return Promise.resolve(result);
  process.nextTick(done, null, result);
};

process.on('message', ({ ask }) => {
  if (ask !== 'dropBeats') return;
  dropping = true;
  process.send({ answer: {} });
});
process.channel?.unref();
