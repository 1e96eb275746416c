import { Loader, Tooltip } from '@mantine/core';
import type { UpgradeView } from '@tidegate/contract-api';
import { CheckIcon, CrossIcon } from '../frame/icons.tsx';
import { useNow } from '../time/now.ts';
import { durationText, localClock, utcText } from '../time/relative-time.ts';
import { STATE_MEANINGS, stepRows, type StepRow } from './upgrade-steps.ts';
import styles from './step-list.module.css';

const STATUS_WORDS = {
  done: 'done',
  passed: 'passed',
  current: 'in progress',
  ahead: 'to come',
  ended_well: 'done',
  ended_badly: 'ended here',
} as const;

function StepMark({ status }: { readonly status: StepRow['status'] }) {
  if (status === 'current') return <Loader size={14} color="currentColor" aria-hidden="true" />;
  if (status === 'ended_badly') return <CrossIcon size={13} />;
  if (status === 'ahead') return null;
  return <CheckIcon size={13} />;
}

export function StepList({ upgrade }: { readonly upgrade: UpgradeView }) {
  const rows = stepRows(upgrade, useNow());
  return (
    <ol className={styles.steps} aria-label="Steps of the upgrade">
      {rows.map((row) => (
        <li key={row.state} className={styles.step} data-status={row.status} aria-current={row.status === 'current' ? 'step' : undefined}>
          <span className={styles.mark}>
            <StepMark status={row.status} />
          </span>
          <span className={styles.text}>
            <span className={styles.state}>
              {row.state.replaceAll('_', ' ')}
              <span className={styles.hidden}>, {STATUS_WORDS[row.status]}</span>
            </span>
            <span className={styles.meaning}>{STATE_MEANINGS[row.state]}</span>
          </span>
          <span className={styles.times}>
            {row.at !== null && (
              <Tooltip label={utcText(row.at)}>
                <time dateTime={row.at}>{localClock(row.at)}</time>
              </Tooltip>
            )}
            {row.durationMs !== null && <span className={styles.duration}>{durationText(row.durationMs)}</span>}
          </span>
        </li>
      ))}
    </ol>
  );
}
