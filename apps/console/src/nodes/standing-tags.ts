import type { NodeView } from '@tidegate/contract-api';

interface StandingTag {
  readonly word: string;
  readonly meaning: string;
}

const BEHIND: StandingTag = {
  word: 'behind signed sequence',
  meaning:
    'Another node of this type has verified a newer signed statement. This one has not been upgraded yet, or something keeps newer statements from it.',
};
const DIFFERS: StandingTag = {
  word: 'trust differs',
  meaning: 'The signers and roots built into this agent are not those that most nodes of this type report.',
};

/** What to say of a node that does not keep pace with its kind; nothing for most. */
export const standingTags = (node: Pick<NodeView, 'behind_sequence' | 'trust_differs'>): readonly StandingTag[] => [
  ...(node.behind_sequence ? [BEHIND] : []),
  ...(node.trust_differs ? [DIFFERS] : []),
];
