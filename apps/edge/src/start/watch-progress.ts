import type { NodeLink } from '@tidegate/engine-node-link';
import type { UpgradeEngine } from '@tidegate/engine-upgrade';

const LOOK_MS = 250;
/** While bytes arrive, a beat for every twentieth of them is enough for a bar that moves. */
const STEPS = 20;

/** An attempt's phases pass faster than beats come: each change is worth a beat of its own. Returns what stops it. */
export function watchProgress(engine: Pick<UpgradeEngine, 'report'>, link: Pick<NodeLink, 'beatSoon'>): () => void {
  let last = mark(engine);
  const timer = setInterval(() => {
    const now = mark(engine);
    if (now === last) return;
    last = now;
    link.beatSoon();
  }, LOOK_MS);
  return () => clearInterval(timer);
}

function mark(engine: Pick<UpgradeEngine, 'report'>): string {
  const report = engine.report();
  if (!report) return '';
  const { received_bytes: received = 0, total_bytes: total = 1 } = report;
  return `${report.id} ${report.state} ${Math.floor((received / Math.max(1, total)) * STEPS)}`;
}
