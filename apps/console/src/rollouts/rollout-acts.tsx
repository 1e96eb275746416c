import { Button, Group, Text } from '@mantine/core';
import type { RolloutExplanation, RolloutView } from '@tidegate/contract-api';
import { useState } from 'react';
import { useAct } from '../api/use-act.ts';
import { ActForm } from '../frame/act-form.tsx';
import { Dialog } from '../frame/dialog.tsx';
import { ErrorNotice } from '../frame/error-notice.tsx';
import { useMay } from '../session/use-may.ts';
import { ROLLOUTS } from './rollout-queries.ts';

interface Act {
  readonly route: 'approveRollout' | 'resumeRollout' | 'retryRollout' | 'promoteRollout' | 'abortRollout';
  readonly word: string;
  readonly text: (rollout: RolloutView) => string;
  readonly isGrave?: boolean;
}
const nodes = (count: number): string => `${count.toLocaleString()} ${count === 1 ? 'node' : 'nodes'}`;
const failed = ({ totals }: RolloutView): number => totals.failed + totals.rolled_back;

/** By what `explain` calls them, in the order of the buttons. Pausing is not among them: it has to be one press. */
const ACTS: Readonly<Record<string, Act>> = {
  approve: {
    route: 'approveRollout',
    word: 'Approve',
    text: ({ wave, waves }) => `Wave ${wave + 2} of ${waves.length} goes ahead: ${nodes(waves[wave + 1]?.total ?? 0)}.`,
  },
  resume: {
    route: 'resumeRollout',
    word: 'Resume',
    text: (rollout) =>
      failed(rollout) === 0
        ? 'It goes on where it stopped.'
        : `It goes on where it stopped. The ${nodes(failed(rollout))} that failed are taken as seen and stay as they are.`,
  },
  retry: {
    route: 'retryRollout',
    word: 'Retry failed',
    text: (rollout) => `${nodes(failed(rollout))}, failed or taken back: tried once more, and the rollout goes on.`,
  },
  promote: {
    route: 'promoteRollout',
    word: 'Promote',
    isGrave: true,
    text: ({ wave, waves }) =>
      wave + 1 < waves.length
        ? `Wave ${wave + 2} begins now, without waiting until wave ${wave + 1} has settled.`
        : 'It completes now, without waiting until the last wave has settled.',
  },
  abort: {
    route: 'abortRollout',
    word: 'Abort',
    isGrave: true,
    text: () => 'It ends where it is and cannot be resumed. What has left for a node goes on; nodes that have the release keep it.',
  },
};

function ActDialog({ act: { route, word, text, isGrave = false }, rollout, onClose }: ActDialogProps) {
  const act = useAct(route, { changes: [ROLLOUTS], onDone: onClose });
  return (
    <Dialog title={`${word}: ${rollout.version} to ${rollout.group}`} isOpen onClose={onClose}>
      <ActForm submit={word} isGrave={isGrave} act={act} onClose={onClose} onSubmit={() => act.mutate({ parameters: { id: rollout.id } })}>
        <Text size="sm">{text(rollout)}</Text>
      </ActForm>
    </Dialog>
  );
}
interface ActDialogProps {
  readonly act: Act;
  readonly rollout: RolloutView;
  readonly onClose: () => void;
}

const SENDS_BACK = {
  roll_back_wave: {
    word: 'Roll back the wave',
    scope: 'wave',
    committed: ({ wave, waves }: RolloutView) => waves[wave]?.committed ?? 0,
    text: 'of this wave goes back to the version it had before, and the rollout pauses.',
  },
  roll_back: {
    word: 'Roll back',
    scope: 'rollout',
    committed: ({ totals }: RolloutView) => totals.committed,
    text: 'goes back to the version it had before, the last wave first. The rollout ends with that.',
  },
} as const;
type SendsBack = keyof typeof SENDS_BACK;
const SENDS_BACK_NAMES = Object.keys(SENDS_BACK) as SendsBack[];

interface RollBackDialogProps {
  readonly what: SendsBack;
  readonly rollout: RolloutView;
  readonly onClose: () => void;
}
function RollBackDialog({ what, rollout, onClose }: RollBackDialogProps) {
  const { word, scope, committed, text } = SENDS_BACK[what];
  const act = useAct('rollBackRollout', { changes: [ROLLOUTS], onDone: onClose });
  return (
    <Dialog title={`${word}: ${rollout.version} to ${rollout.group}`} isOpen onClose={onClose}>
      <ActForm
        submit={word}
        isGrave
        act={act}
        onClose={onClose}
        onSubmit={() => act.mutate({ parameters: { id: rollout.id }, body: { scope } })}
      >
        <Text size="sm">
          {nodes(committed(rollout))} committed the release. Each {text}
        </Text>
      </ActForm>
    </Dialog>
  );
}

/** What this person may ask for now, as the manager says it. */
export function RolloutActs({ explanation: { rollout, acts } }: { readonly explanation: RolloutExplanation }) {
  const may = useMay();
  const [asked, ask] = useState<Act | null>(null);
  const [sentBack, sendBack] = useState<SendsBack | null>(null);
  const pause = useAct('pauseRollout', { changes: [ROLLOUTS] });
  if (!may('rollout.manage', { groupId: rollout.group_id })) return null;
  return (
    <>
      <Group gap="xs">
        {Object.entries(ACTS)
          .filter(([name]) => acts.includes(name) && (name !== 'retry' || failed(rollout) > 0))
          .map(([name, act]) => (
            <Button key={name} variant={name === 'approve' || name === 'resume' ? 'filled' : 'default'} onClick={() => ask(act)}>
              {act.word}…
            </Button>
          ))}
        {SENDS_BACK_NAMES.filter((name) => acts.includes(name) && SENDS_BACK[name].committed(rollout) > 0).map((name) => (
          <Button key={name} variant="default" onClick={() => sendBack(name)}>
            {SENDS_BACK[name].word}…
          </Button>
        ))}
        {acts.includes('pause') && (
          <Button loading={pause.isPending} onClick={() => pause.mutate({ parameters: { id: rollout.id } })}>
            Pause
          </Button>
        )}
      </Group>
      {pause.isError && <ErrorNotice error={pause.error} />}
      {sentBack && <RollBackDialog what={sentBack} rollout={rollout} onClose={() => sendBack(null)} />}
      {asked && <ActDialog act={asked} rollout={rollout} onClose={() => ask(null)} />}
    </>
  );
}
