import type { NodeView } from '@tidegate/contract-api';
import type { Tone } from './badge-text.ts';

export type Standing = Pick<
  NodeView,
  'behind_sequence' | 'trust_differs' | 'guard_outdated' | 'maintenance' | 'quarantine' | 'revoked_at' | 'removed_at' | 'key_rotation'
>;
interface StandingTag {
  readonly word: string;
  readonly meaning: string;
  readonly tone: Tone;
}

const BEHIND: StandingTag = {
  word: 'behind signed sequence',
  meaning:
    'Another node of this type has verified a newer signed statement. This one has not been upgraded yet, or something keeps newer statements from it.',
  tone: 'caution',
};
const DIFFERS: StandingTag = {
  word: 'trust differs',
  meaning: 'The signers and roots built into this agent are not those that most nodes of this type report.',
  tone: 'caution',
};
const GUARD: StandingTag = { word: 'older boot guard', meaning: 'Another node of this type runs a newer boot guard.', tone: 'calm' };
const CLONED: StandingTag = {
  word: 'quarantined',
  meaning: 'Two machines use its identity. It takes no part in rollouts until a person releases it.',
  tone: 'bad',
};
const ROTATING: StandingTag = { word: 'key is renewed', meaning: 'The node was asked for a new key.', tone: 'live' };
const KEPT_KEY: StandingTag = { word: 'kept its key', meaning: 'The node refused to renew its key; its events say why.', tone: 'caution' };

/** What to say of a node besides its version; nothing for most. */
export const standingTags = (node: Standing): readonly StandingTag[] => [
  ...(node.removed_at === null ? [] : [{ word: 'removed', meaning: 'Decommissioned; its history stays readable.', tone: 'bad' as const }]),
  ...(node.revoked_at === null ? [] : [{ word: 'revoked', meaning: 'Its key is not accepted any more.', tone: 'bad' as const }]),
  ...(node.quarantine === null ? [] : [CLONED]),
  ...(node.maintenance === null
    ? []
    : [{ word: 'maintenance', meaning: `Takes no part in rollouts: ${node.maintenance.reason}`, tone: 'calm' as const }]),
  ...(node.behind_sequence ? [BEHIND] : []),
  ...(node.trust_differs ? [DIFFERS] : []),
  ...(node.guard_outdated ? [GUARD] : []),
  ...(node.key_rotation === null ? [] : [node.key_rotation === 'refused' ? KEPT_KEY : ROTATING]),
];
