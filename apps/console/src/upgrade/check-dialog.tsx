import { Button, Code, Group, Stack, Table, Text, TextInput } from '@mantine/core';
import { checkUpgrade, type NodeView, type UpgradeCheck } from '@tidegate/contract-api';
import { useState, type FormEvent } from 'react';
import { useAct } from '../api/use-act.ts';
import { Dialog } from '../frame/dialog.tsx';
import { ErrorNotice } from '../frame/error-notice.tsx';
import { Notice } from '../frame/notice.tsx';
import { WideTable } from '../frame/wide-table.tsx';
import { codeText, type Tone } from '../nodes/badge-text.ts';
import { Pill } from '../nodes/pill.tsx';

const OUTCOME_TONES: Record<UpgradeCheck['outcome'], Tone> = {
  'up-to-date': 'good',
  'upgrade-available': 'live',
  'not-release-sourced': 'calm',
  'product-not-found': 'caution',
  unknown: 'caution',
};
const words = (text: string): string => text.replaceAll(/[-_]/g, ' ');

function Environment({ drift }: { readonly drift: NonNullable<UpgradeCheck['environment']> }) {
  const gone = drift.removed ?? [];
  if (drift.added.length + gone.length === 0)
    return (
      <Text size="sm" c="dimmed">
        Environment: nothing is added or removed.
      </Text>
    );
  return (
    <WideTable label="Environment variables" heads={['Variable', 'Change', 'On the node', 'What for']}>
      {drift.added.map(({ name, required, present, description }) => (
        <Table.Tr key={name}>
          <Table.Td>
            <Code>{name}</Code>
          </Table.Td>
          <Table.Td>{required ? 'added, required' : 'added'}</Table.Td>
          <Table.Td>
            <Pill tone={present ? 'good' : required ? 'bad' : 'calm'}>{present ? 'set' : 'missing'}</Pill>
          </Table.Td>
          <Table.Td>{description}</Table.Td>
        </Table.Tr>
      ))}
      {gone.map((name) => (
        <Table.Tr key={`-${name}`}>
          <Table.Td>
            <Code>{name}</Code>
          </Table.Td>
          <Table.Td>no longer read</Table.Td>
          <Table.Td />
          <Table.Td />
        </Table.Tr>
      ))}
    </WideTable>
  );
}

function Posture({ drift }: { readonly drift: NonNullable<UpgradeCheck['posture']> }) {
  if (drift.length === 0)
    return (
      <Text size="sm" c="dimmed">
        Posture: as the release expects it.
      </Text>
    );
  return (
    <WideTable label="Security posture" heads={['Setting', 'Expected', 'On the node']}>
      {drift.map(({ name, wanted, reported }) => (
        <Table.Tr key={name}>
          <Table.Td>{words(name)}</Table.Td>
          <Table.Td>{String(wanted)}</Table.Td>
          <Table.Td>{reported === null ? 'not reported' : String(reported)}</Table.Td>
        </Table.Tr>
      ))}
    </WideTable>
  );
}

const VERIFIED = {
  verified: ['signature verified', 'good'],
  unverified: ['not verified here', 'caution'],
  refused: ['signature refused', 'bad'],
} as const;

function CheckAnswer({ check }: { readonly check: UpgradeCheck }) {
  return (
    <Stack gap="sm" role="status">
      <Group gap="xs">
        <Pill tone={OUTCOME_TONES[check.outcome]}>{words(check.outcome)}</Pill>
        <Text size="sm">
          {check.running_version ?? 'unknown'} → {check.version ?? 'none'} ({check.channel}), because: {words(check.reason)}
        </Text>
        {check.statement && <Pill tone={VERIFIED[check.statement.verification][1]}>{VERIFIED[check.statement.verification][0]}</Pill>}
      </Group>
      {check.expected_refusals.map((code) => {
        const { meaning, hint } = codeText(code);
        return (
          <Notice key={code} tone="caution" title={`The node would refuse: ${meaning}`}>
            <span>{hint}</span>
            <Code>{code}</Code>
          </Notice>
        );
      })}
      {check.environment && <Environment drift={check.environment} />}
      {check.posture && <Posture drift={check.posture} />}
    </Stack>
  );
}

function CheckForm({ node }: { readonly node: NodeView }) {
  const [version, setVersion] = useState('');
  const [channel, setChannel] = useState('stable');
  const act = useAct('checkUpgrade', { changes: [] });
  const asked = checkUpgrade.safeParse({ channel, ...(version !== '' && { version }) });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (asked.success) act.mutate({ parameters: { id: node.id }, body: asked.data });
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <Text size="sm" c="dimmed">
          What an upgrade would mean for this node. Nothing is changed; the node verifies everything by itself again.
        </Text>
        <Group gap="sm" grow align="flex-start">
          <TextInput
            label="Version"
            placeholder="newest of the channel"
            maxLength={64}
            value={version}
            onChange={(event) => setVersion(event.currentTarget.value.trim())}
          />
          <TextInput label="Channel" maxLength={32} value={channel} onChange={(event) => setChannel(event.currentTarget.value.trim())} />
        </Group>
        <Button type="submit" w="fit-content" disabled={!asked.success} loading={act.isPending}>
          Check
        </Button>
        {act.isError && <ErrorNotice error={act.error} />}
        {act.data && <CheckAnswer check={act.data} />}
      </Stack>
    </form>
  );
}

export function CheckDialog({
  node,
  isOpen,
  onClose,
}: {
  readonly node: NodeView;
  readonly isOpen: boolean;
  readonly onClose: () => void;
}) {
  return (
    <Dialog title={`Check an upgrade of ${node.name}`} isOpen={isOpen} onClose={onClose} size="xl">
      <CheckForm node={node} />
    </Dialog>
  );
}
