import { lockRoot } from '../start/root-lock.ts';

// Takes the lock of a root, says how that went, and holds it until it is killed or its input ends.
const [root = '', bootId = ''] = process.argv.slice(2);
const outcome = await lockRoot(root, bootId).then(
  () => 'held',
  (error: unknown) => (error as { code?: string }).code ?? 'fault',
);
process.stdout.write(`${outcome}\n`);
if (outcome === 'held') process.stdin.resume();
