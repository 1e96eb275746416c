import { Button, Code, Progress, Stack, Text } from '@mantine/core';
import type { NodeView, UpgradeView } from '@tidegate/contract-api';
import { ErrorNotice } from '../frame/error-notice.tsx';
import { Notice } from '../frame/notice.tsx';
import { codeText, fetchedFraction } from '../nodes/badge-text.ts';
import { targetOf, useMay } from '../session/use-may.ts';
import { bytesText } from '../time/relative-time.ts';
import { Moment } from '../time/moment.tsx';
import { useCancelUpgrade } from '../upgrade/stage-upgrade.tsx';
import { Details } from './details.tsx';
import { Panel } from './panel.tsx';
import { StepList } from './step-list.tsx';
import { isCancellable, isRunning } from './upgrade-steps.ts';

function Fetching({ upgrade }: { readonly upgrade: UpgradeView }) {
  const fraction = fetchedFraction(upgrade);
  if (fraction === null || upgrade.progress === null) return null;
  return (
    <div>
      <Progress value={fraction * 100} aria-label="Downloaded" size="md" />
      <Text size="xs" c="dimmed" mt={4}>
        {bytesText(upgrade.progress.received_bytes)} of {bytesText(upgrade.progress.total_bytes)}
      </Text>
    </div>
  );
}

function Ending({ upgrade }: { readonly upgrade: UpgradeView }) {
  if (upgrade.error_code === null) return null;
  const { code, meaning, hint } = codeText(upgrade.error_code);
  return (
    <Notice tone={upgrade.state === 'refused' ? 'caution' : 'bad'} title={meaning}>
      <span>{hint}</span>
      <Code>{code}</Code>
      <Details details={upgrade.error_details} />
    </Notice>
  );
}

const titleOf = (upgrade: UpgradeView): string =>
  upgrade.action === 'return' ? (isRunning(upgrade) ? 'Returning' : 'Last return') : isRunning(upgrade) ? 'Upgrading' : 'Last upgrade';

/** The newest upgrade, step by step, with the times the manager learned of them. */
export function UpgradeProgress({ node }: { readonly node: NodeView }) {
  const { upgrade } = node;
  const may = useMay();
  const cancel = useCancelUpgrade(node.id);
  if (upgrade === null)
    return (
      <Panel id="upgrade" title="Upgrade">
        <Text c="dimmed" size="sm">
          {node.capabilities.includes('upgrade')
            ? 'Nothing was requested for this node yet. Upgrade… offers the newest releases.'
            : 'This agent does not offer upgrades.'}
        </Text>
      </Panel>
    );
  return (
    <Panel
      id="upgrade"
      title={`${titleOf(upgrade)}: ${upgrade.from_version ?? 'unknown'} → ${upgrade.version}`}
      aside={
        isCancellable(upgrade) &&
        may('upgrade.cancel', targetOf(node)) && (
          <Button size="compact-sm" variant="default" loading={cancel.isPending} onClick={() => cancel.mutate(upgrade.id)}>
            Cancel upgrade
          </Button>
        )
      }
    >
      <Stack gap="sm">
        <Text size="sm" c="dimmed">
          Requested by {upgrade.requested_by} <Moment at={upgrade.requested_at} />, channel {upgrade.channel}
          {isRunning(upgrade) && (
            <>
              ; ends with <Code>upgrade_timeout</Code> if nothing is heard by {new Date(upgrade.deadline_at).toLocaleTimeString()}
            </>
          )}
        </Text>
        {cancel.isError && <ErrorNotice error={cancel.error} />}
        <Ending upgrade={upgrade} />
        <Fetching upgrade={upgrade} />
        <StepList upgrade={upgrade} />
      </Stack>
    </Panel>
  );
}
