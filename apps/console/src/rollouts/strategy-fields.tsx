import { Checkbox, NativeSelect, SegmentedControl, Stack, TextInput } from '@mantine/core';
import { TimeField } from '../frame/time-field.tsx';
import { isShare, type ReadDraft, type StrategyDraft } from './strategy-draft.ts';
import styles from './rollouts.module.css';

const OFFLINE = [
  { value: 'skip', label: 'are left out' },
  { value: 'wait', label: 'are waited for' },
  { value: 'fail', label: 'count as failed' },
] as const;
const APPROVAL = [
  { value: 'none', label: 'not needed' },
  { value: 'after_canary', label: 'after the first wave' },
  { value: 'every_wave', label: 'before each next wave' },
] as const;
const isOneOf = <T extends string>(options: readonly { readonly value: T }[], value: string): value is T =>
  options.some((option) => option.value === value);

interface StrategyFieldsProps {
  readonly draft: StrategyDraft;
  readonly faults: ReadDraft['faults'];
  readonly onChange: (change: Partial<StrategyDraft>) => void;
}
type TextField = 'waves' | 'settle' | 'threshold' | 'minSample' | 'maxInFlight' | 'nodeTimeout' | 'catchUp' | 'canaryLabels' | 'note';

/** What most rollouts differ in, and the rest one level further. */
export function StrategyFields({ draft, faults, onChange }: StrategyFieldsProps) {
  const text = (field: TextField, label: string, more: { placeholder?: string; description?: string; maxLength?: number } = {}) => (
    <TextInput
      label={label}
      maxLength={200}
      inputWrapperOrder={['label', 'input', 'description', 'error']}
      {...more}
      value={draft[field]}
      error={faults[field]}
      onChange={(event) => onChange({ [field]: event.currentTarget.value })}
    />
  );
  const isStaged = draft.kind === 'staged';
  return (
    <Stack gap="sm">
      <SegmentedControl
        aria-label="How"
        w="fit-content"
        data={[
          { value: 'staged', label: 'In waves' },
          { value: 'immediate', label: 'All at once' },
        ]}
        value={draft.kind}
        onChange={(kind) => onChange({ kind: kind === 'immediate' ? 'immediate' : 'staged' })}
      />
      <div className={styles.fields}>
        {isStaged && text('waves', 'Waves', { description: 'Cumulative shares or numbers of nodes.' })}
        {text('settle', 'Settle after a wave', { description: 'Health has to hold so long.' })}
        {text('threshold', 'Failures it bears', { description: 'More of them in a wave halt it: a number or a share.' })}
        {isShare(draft.threshold) && text('minSample', 'Judged from', { description: 'So many nodes have ended before a share counts.' })}
        <NativeSelect
          label="Approval"
          data={APPROVAL}
          value={draft.approval}
          onChange={({ currentTarget: { value } }) => isOneOf(APPROVAL, value) && onChange({ approval: value })}
        />
      </div>
      {draft.approval !== 'none' && (
        <Checkbox
          label="By another person than who begins it"
          checked={draft.secondPerson}
          onChange={(event) => onChange({ secondPerson: event.currentTarget.checked })}
        />
      )}
      <Checkbox
        label="Roll back by itself when failures halt it"
        checked={draft.autoRollback}
        onChange={(event) => onChange({ autoRollback: event.currentTarget.checked })}
      />
      <details className={styles.more}>
        <summary>More</summary>
        <div className={styles.fields}>
          <NativeSelect
            label="Nodes that are offline"
            data={OFFLINE}
            value={draft.offline}
            onChange={({ currentTarget: { value } }) => isOneOf(OFFLINE, value) && onChange({ offline: value })}
          />
          {text('maxInFlight', 'Nodes at one time', { placeholder: 'a whole wave' })}
          {text('nodeTimeout', 'A node may take')}
          {text('catchUp', 'Latecomers get in for')}
          {text('canaryLabels', 'Go first, by labels', { placeholder: 'site=bern, canary' })}
          <TimeField label="Begin at" value={draft.startAt} onChange={(startAt) => onChange({ startAt })} />
          {text('note', 'Note', { maxLength: 500 })}
        </div>
      </details>
    </Stack>
  );
}
