import { Anchor, Button, Group, Skeleton, Stack, Table, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { createGroup } from '@tidegate/contract-api';
import { useState } from 'react';
import { Link } from 'react-router';
import { useCaller } from '../api/caller-context.ts';
import { groupsQuery, KEYS } from '../api/queries.ts';
import { useAct } from '../api/use-act.ts';
import { ActForm } from '../frame/act-form.tsx';
import { Dialog } from '../frame/dialog.tsx';
import { ErrorNotice } from '../frame/error-notice.tsx';
import { PageHead } from '../frame/page-head.tsx';
import { WideTable } from '../frame/wide-table.tsx';
import { useMay } from '../session/use-may.ts';
import { Moment } from '../time/moment.tsx';

function CreateGroup({ onClose }: { readonly onClose: () => void }) {
  const [name, setName] = useState('');
  const act = useAct('createGroup', { changes: [KEYS.groups], onDone: onClose });
  return (
    <ActForm
      submit="Create the group"
      isReady={createGroup.safeParse({ name: name.trim() }).success}
      act={act}
      onClose={onClose}
      onSubmit={() => act.mutate({ body: { name: name.trim() } })}
    >
      <Text size="sm" c="dimmed">
        A group is a boundary: people see and change the nodes of their groups only.
      </Text>
      <TextInput label="Name" maxLength={64} data-autofocus value={name} onChange={(event) => setName(event.currentTarget.value)} />
    </ActForm>
  );
}

export function GroupsPage() {
  const may = useMay();
  const groups = useQuery(groupsQuery(useCaller()));
  const [isCreating, setCreating] = useState(false);
  return (
    <Stack gap="md">
      <PageHead title="Groups" text="Who may see and change which nodes.">
        {may('group.create') && <Button onClick={() => setCreating(true)}>Create a group…</Button>}
      </PageHead>
      {groups.isError && <ErrorNotice error={groups.error} onRetry={() => void groups.refetch()} />}
      {groups.isPending && <Skeleton height={120} radius="md" aria-label="Loading groups" />}
      {groups.data?.items.length === 0 && <Text c="dimmed">You are in no group yet. An admin of a group can make you a member.</Text>}
      {(groups.data?.items.length ?? 0) > 0 && (
        <WideTable label="Groups" heads={['Name', 'Nodes', 'You are', 'Created']}>
          {groups.data?.items.map((group) => (
            <Table.Tr key={group.id}>
              <Table.Td>
                <Anchor component={Link} to={`/admin/groups/${group.id}`} fw={600}>
                  {group.name}
                </Anchor>
              </Table.Td>
              <Table.Td>
                <Anchor component={Link} size="sm" to={`/admin/nodes?group=${encodeURIComponent(group.name)}`}>
                  {group.nodes.toLocaleString()}
                </Anchor>
              </Table.Td>
              <Table.Td>
                <Group gap={6}>
                  {group.your_role ?? 'super_admin'}
                  {group.limited && ' of some nodes'}
                </Group>
              </Table.Td>
              <Table.Td>
                <Moment at={group.created_at} />
              </Table.Td>
            </Table.Tr>
          ))}
        </WideTable>
      )}
      <Dialog title="Create a group" isOpen={isCreating} onClose={() => setCreating(false)}>
        <CreateGroup onClose={() => setCreating(false)} />
      </Dialog>
    </Stack>
  );
}
