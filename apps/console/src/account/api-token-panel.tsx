import { Button, Checkbox, Group, NumberInput, Skeleton, Stack, Table, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { createApiToken, TOKEN_SCOPES, type TokenScope } from '@tidegate/contract-api';
import { useState } from 'react';
import { useCaller } from '../api/caller-context.ts';
import { apiTokensQuery, KEYS } from '../api/queries.ts';
import { useAct } from '../api/use-act.ts';
import { ActForm } from '../frame/act-form.tsx';
import { Dialog } from '../frame/dialog.tsx';
import { ErrorNotice } from '../frame/error-notice.tsx';
import { ShownOnce } from '../frame/shown-once.tsx';
import { WideTable } from '../frame/wide-table.tsx';
import { Panel } from '../node/panel.tsx';
import { Moment } from '../time/moment.tsx';
import { localText } from '../time/relative-time.ts';

const CHANGES = [KEYS.apiTokens];
const MEANINGS: Record<TokenScope, string> = {
  read: 'look at everything you may see',
  operate: 'also upgrade, label and maintain nodes',
  administer: 'also what an admin does',
  siem: 'pull events and the audit trail, nothing else',
};

function CreateToken({ onClose }: { readonly onClose: () => void }) {
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<TokenScope[]>(['read']);
  const [days, setDays] = useState<number | string>(90);
  const act = useAct('createApiToken', { changes: CHANGES });
  if (act.data)
    return (
      <Stack gap="md">
        <ShownOnce label={act.data.name} value={act.data.token} note="Goes into Authorization: Bearer. It is not shown again." />
        <Group justify="flex-end">
          <Button onClick={onClose}>Done</Button>
        </Group>
      </Stack>
    );
  const body = createApiToken.safeParse({ name: name.trim(), scopes, ttl_days: days });
  return (
    <ActForm
      submit="Make the token"
      isReady={body.success}
      act={act}
      onClose={onClose}
      onSubmit={() => body.success && act.mutate({ body: body.data })}
    >
      <TextInput
        label="What it is for"
        placeholder="nightly report"
        maxLength={64}
        data-autofocus
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Checkbox.Group label="It may" description="Never more than you may." value={scopes} onChange={(values) => setScopes(values)}>
        <Stack gap={6} mt={6}>
          {TOKEN_SCOPES.map((scope) => (
            <Checkbox key={scope} value={scope} label={`${scope}: ${MEANINGS[scope]}`} />
          ))}
        </Stack>
      </Checkbox.Group>
      <NumberInput label="Days" min={1} max={365} allowDecimal={false} value={days} onChange={setDays} />
    </ActForm>
  );
}

export function ApiTokenPanel() {
  const tokens = useQuery(apiTokensQuery(useCaller()));
  const revoke = useAct('revokeApiToken', { changes: CHANGES });
  const [isCreating, setCreating] = useState(false);
  return (
    <Panel
      id="api-tokens"
      title="API tokens"
      aside={
        <Button size="compact-sm" variant="default" onClick={() => setCreating(true)}>
          Make one…
        </Button>
      }
    >
      <Stack gap="sm">
        {[tokens, revoke].map((each, index) => each.isError && <ErrorNotice key={index} error={each.error} />)}
        {tokens.isPending && <Skeleton height={60} radius="md" aria-label="Loading API tokens" />}
        {tokens.data?.items.length === 0 && (
          <Text size="sm" c="dimmed">
            None. Programs such as the command line and a SIEM sign in with one.
          </Text>
        )}
        {(tokens.data?.items.length ?? 0) > 0 && (
          <WideTable label="API tokens" heads={['Name', 'May', 'Ends', 'Last used', '']}>
            {tokens.data?.items.map((token) => (
              <Table.Tr key={token.id}>
                <Table.Td fw={600}>{token.name}</Table.Td>
                <Table.Td>{token.scopes.join(', ')}</Table.Td>
                <Table.Td>{localText(token.expires_at)}</Table.Td>
                <Table.Td>
                  <Moment at={token.last_used_at} />
                </Table.Td>
                <Table.Td ta="right">
                  <Button
                    size="compact-sm"
                    variant="default"
                    onClick={() => revoke.mutate({ parameters: { id: token.id } })}
                    aria-label={`Revoke ${token.name}`}
                  >
                    Revoke
                  </Button>
                </Table.Td>
              </Table.Tr>
            ))}
          </WideTable>
        )}
      </Stack>
      <Dialog title="Make an API token" isOpen={isCreating} onClose={() => setCreating(false)}>
        <CreateToken onClose={() => setCreating(false)} />
      </Dialog>
    </Panel>
  );
}
