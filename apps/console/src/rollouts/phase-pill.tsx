import { Loader } from '@mantine/core';
import type { RolloutView } from '@tidegate/contract-api';
import { Pill } from '../nodes/pill.tsx';
import { phaseText } from './rollout-text.ts';

export function PhasePill({ rollout: { phase, reason } }: { readonly rollout: Pick<RolloutView, 'phase' | 'reason'> }) {
  const [text, tone] = phaseText(phase, reason);
  return (
    <Pill tone={tone}>
      {tone === 'live' && <Loader size={11} color="currentColor" aria-hidden="true" />}
      {text}
    </Pill>
  );
}
