import { ERRORS, isErrorCode } from '@tidegate/contract-errors';
import type { NodeView, UpgradeView } from '@tidegate/contract-api';

/** Tones are named by what they tell; the style sheet gives them colours. */
export type Tone = 'live' | 'good' | 'caution' | 'bad' | 'calm';
export interface CodeText {
  readonly code: string;
  readonly meaning: string;
  readonly hint: string;
}
export interface BadgeText {
  readonly text: string;
  readonly tone: Tone;
  /** 0..1 while bytes arrive, else null. */
  readonly fraction: number | null;
  readonly error: CodeText | null;
}

/** A code this console does not know comes from a newer node: show it as it is. */
export const codeText = (code: string): CodeText =>
  isErrorCode(code)
    ? { code, meaning: ERRORS[code].meaning, hint: ERRORS[code].hint }
    : { code, meaning: 'The node reported a code that this console does not know yet.', hint: 'See the events of the node.' };

export const fetchedFraction = (upgrade: UpgradeView | null): number | null => {
  if (upgrade?.state !== 'fetching' || upgrade.progress === null || upgrade.progress.total_bytes <= 0) return null;
  return Math.min(1, Math.max(0, upgrade.progress.received_bytes / upgrade.progress.total_bytes));
};

const TEXTS = {
  updated: ['updated', 'good'],
  upgrade_failed: ['upgrade failed', 'bad'],
  upgrade_refused: ['upgrade refused', 'caution'],
  rolled_back: ['rolled back', 'bad'],
} as const;

/** `null`: nothing to say about this version beyond its number. */
export const badgeText = ({ badge, upgrade }: Pick<NodeView, 'badge' | 'upgrade'>): BadgeText | null => {
  if (badge.kind === 'none') return null;
  const error = badge.error_code === null ? null : codeText(badge.error_code);
  if (badge.kind !== 'upgrading') {
    const [text, tone] = TEXTS[badge.kind];
    return { text, tone, fraction: null, error };
  }
  const fraction = fetchedFraction(upgrade);
  const phase = badge.phase === null ? '' : ` · ${badge.phase.replaceAll('_', ' ')}`;
  const share = fraction === null ? '' : ` ${Math.floor(fraction * 100)} %`;
  return { text: `upgrading${badge.to_version === null ? '' : ` to ${badge.to_version}`}${phase}${share}`, tone: 'live', fraction, error };
};

const CONNECTIONS = {
  online: ['online', 'good', 'Connected and beating.'],
  respawning: ['respawning', 'live', 'Restarting into another version; this is no outage.'],
  stale: ['stale', 'caution', 'Connected, but no health beat within the limit.'],
  offline: ['offline', 'bad', 'Not connected.'],
  never: ['never seen', 'calm', 'Enrolled, but has not connected yet.'],
} as const;
export interface ConnectionText {
  readonly text: string;
  readonly tone: Tone;
  readonly meaning: string;
}
export const connectionText = (connection: NodeView['connection']): ConnectionText => {
  const [text, tone, meaning] = CONNECTIONS[connection];
  return { text, tone, meaning };
};
