import { Button, Group, NativeSelect, Skeleton, Stack, Table, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { GROUP_ROLES, type GroupRole, type MemberView } from '@tidegate/contract-api';
import { useState, type FormEvent } from 'react';
import { useCaller } from '../api/caller-context.ts';
import { membersQuery } from '../api/queries.ts';
import { useAct } from '../api/use-act.ts';
import { ErrorNotice } from '../frame/error-notice.tsx';
import { WideTable } from '../frame/wide-table.tsx';
import { Panel } from '../node/panel.tsx';
import { useMay } from '../session/use-may.ts';
import { CHANGES_OF_MEMBERS } from './changes-of-members.ts';
import { MemberNodesDialog } from './member-nodes-dialog.tsx';

const reachOf = ({ node_ids: ids }: MemberView): string => (ids === null ? 'all' : `${ids.length} of them`);

function MemberRow({ groupId, member, canManage }: { readonly groupId: string; readonly member: MemberView; readonly canManage: boolean }) {
  const put = useAct('putMember', { changes: CHANGES_OF_MEMBERS });
  const remove = useAct('removeMember', { changes: CHANGES_OF_MEMBERS });
  const [isChoosing, setIsChoosing] = useState(false);
  const parameters = { id: groupId, username: member.username };
  return (
    <Table.Tr>
      <Table.Td fw={600}>{member.username}</Table.Td>
      <Table.Td>
        {canManage ? (
          <NativeSelect
            size="xs"
            w={120}
            aria-label={`Role of ${member.username}`}
            data={GROUP_ROLES}
            value={member.role}
            disabled={put.isPending}
            onChange={(event) =>
              put.mutate({ parameters, body: { role: event.currentTarget.value as GroupRole, node_ids: member.node_ids } })
            }
          />
        ) : (
          member.role
        )}
      </Table.Td>
      <Table.Td>
        {canManage ? (
          <Button
            size="compact-sm"
            variant="subtle"
            aria-label={`Nodes of ${member.username}: ${reachOf(member)}`}
            onClick={() => setIsChoosing(true)}
          >
            {reachOf(member)}
          </Button>
        ) : (
          reachOf(member)
        )}
        {isChoosing && <MemberNodesDialog groupId={groupId} member={member} onClose={() => setIsChoosing(false)} />}
      </Table.Td>
      <Table.Td ta="right">
        {canManage && (
          <Button
            size="compact-sm"
            variant="default"
            loading={remove.isPending}
            onClick={() => remove.mutate({ parameters })}
            aria-label={`Take out ${member.username}`}
          >
            Take out
          </Button>
        )}
        {put.isError && <ErrorNotice error={put.error} />}
        {remove.isError && <ErrorNotice error={remove.error} />}
      </Table.Td>
    </Table.Tr>
  );
}

function AddMember({ groupId }: { readonly groupId: string }) {
  const [username, setUsername] = useState('');
  const [role, setRole] = useState<GroupRole>('viewer');
  const put = useAct('putMember', { changes: CHANGES_OF_MEMBERS, onDone: () => setUsername('') });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    put.mutate({ parameters: { id: groupId, username: username.trim() }, body: { role } });
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <Group gap="xs" align="flex-end">
          <TextInput
            label="User name"
            maxLength={64}
            autoComplete="off"
            value={username}
            onChange={(event) => setUsername(event.currentTarget.value)}
          />
          <NativeSelect label="As" data={GROUP_ROLES} value={role} onChange={(event) => setRole(event.currentTarget.value as GroupRole)} />
          <Button type="submit" variant="default" disabled={username.trim() === ''} loading={put.isPending}>
            Make a member
          </Button>
        </Group>
        {put.isError && <ErrorNotice error={put.error} />}
      </Stack>
    </form>
  );
}

export function MemberList({ groupId }: { readonly groupId: string }) {
  const canManage = useMay()('member.manage', { groupId });
  const members = useQuery(membersQuery(useCaller(), groupId));
  return (
    <Panel id="members" title="Members">
      <Stack gap="md">
        {members.isError && <ErrorNotice error={members.error} onRetry={() => void members.refetch()} />}
        {members.isPending && <Skeleton height={80} radius="md" aria-label="Loading members" />}
        {members.data?.items.length === 0 && (
          <Text size="sm" c="dimmed">
            Nobody yet; super_admins reach every group without being members.
          </Text>
        )}
        {(members.data?.items.length ?? 0) > 0 && (
          <WideTable label="Members" heads={['User', 'Role', 'Nodes', '']}>
            {members.data?.items.map((member) => (
              <MemberRow key={member.user_id} groupId={groupId} member={member} canManage={canManage} />
            ))}
          </WideTable>
        )}
        {canManage && <AddMember groupId={groupId} />}
      </Stack>
    </Panel>
  );
}
