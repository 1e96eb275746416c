import { Anchor, Button, Group, Skeleton, Stack, Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { RegistrationTokenInfo } from '@tidegate/contract-api';
import { useState } from 'react';
import { Link } from 'react-router';
import { useCaller } from '../api/caller-context.ts';
import { KEYS, registrationTokensQuery } from '../api/queries.ts';
import { useAct } from '../api/use-act.ts';
import { Copyable } from '../frame/copyable.tsx';
import { ErrorNotice } from '../frame/error-notice.tsx';
import { usePageTitle } from '../frame/page-title.ts';
import { WideTable } from '../frame/wide-table.tsx';
import { Pill } from '../nodes/pill.tsx';
import { useMay } from '../session/use-may.ts';
import { Moment } from '../time/moment.tsx';
import { localText } from '../time/relative-time.ts';
import { AddNodeDialog } from './add-node-dialog.tsx';

const TONES = { open: 'live', used: 'good', expired: 'calm', revoked: 'caution' } as const;

function TokenRow({ token }: { readonly token: RegistrationTokenInfo }) {
  const may = useMay();
  const revoke = useAct('revokeRegistrationToken', { changes: [KEYS.registrationTokens] });
  return (
    <Table.Tr>
      <Table.Td>
        <Copyable value={token.id} label="id of the token" length={8} />
      </Table.Td>
      <Table.Td>
        <Pill tone={TONES[token.state]}>{token.state}</Pill>
      </Table.Td>
      <Table.Td>{token.group}</Table.Td>
      <Table.Td>{token.device_type}</Table.Td>
      <Table.Td>
        {token.created_by}, <Moment at={token.created_at} />
      </Table.Td>
      <Table.Td>
        {token.state === 'open' && `until ${localText(token.expires_at)}`}
        {token.used_by_node !== null && (
          <Anchor component={Link} size="sm" to={`/admin/nodes/${token.used_by_node}`}>
            the node it admitted
          </Anchor>
        )}
      </Table.Td>
      <Table.Td ta="right">
        {token.state === 'open' && may('registration_token.revoke') && (
          <Button
            size="compact-sm"
            variant="default"
            loading={revoke.isPending}
            onClick={() => revoke.mutate({ parameters: { id: token.id } })}
            aria-label={`Revoke token ${token.id.slice(0, 8)}`}
          >
            Revoke
          </Button>
        )}
        {revoke.isError && <ErrorNotice error={revoke.error} />}
      </Table.Td>
    </Table.Tr>
  );
}

export function TokensPage() {
  usePageTitle('Registration tokens');
  const tokens = useQuery(registrationTokensQuery(useCaller()));
  const [isAdding, setAdding] = useState(false);
  return (
    <Stack gap="md">
      <Group justify="space-between" align="flex-start">
        <div>
          <Title order={1} size="h2">
            Registration tokens
          </Title>
          <Text c="dimmed" size="sm">
            Each admits one node, once. The newest hundred.
          </Text>
        </div>
        <Button onClick={() => setAdding(true)}>Add a node…</Button>
      </Group>
      {tokens.isError && <ErrorNotice error={tokens.error} onRetry={() => void tokens.refetch()} />}
      {tokens.isPending && <Skeleton height={160} radius="md" aria-label="Loading tokens" />}
      {tokens.data?.items.length === 0 && <Text c="dimmed">Nobody has made one yet.</Text>}
      {(tokens.data?.items.length ?? 0) > 0 && (
        <WideTable label="Registration tokens" heads={['Token', 'State', 'Group', 'Device type', 'Made by', 'Use', '']}>
          {tokens.data?.items.map((token) => (
            <TokenRow key={token.id} token={token} />
          ))}
        </WideTable>
      )}
      <AddNodeDialog isOpen={isAdding} onClose={() => setAdding(false)} />
    </Stack>
  );
}
