import { Box, Button, Skeleton, Stack, Table, Text } from '@mantine/core';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { listUsers, type UserView } from '@tidegate/contract-api';
import { useState } from 'react';
import { useCaller } from '../api/caller-context.ts';
import { usersQuery } from '../api/queries.ts';
import { ErrorNotice } from '../frame/error-notice.tsx';
import { PageHead } from '../frame/page-head.tsx';
import { SettlingField } from '../frame/settling-field.tsx';
import { useUrlFields } from '../frame/use-url-fields.ts';
import { WideTable } from '../frame/wide-table.tsx';
import { Pill } from '../nodes/pill.tsx';
import { Moment } from '../time/moment.tsx';
import { CreateUserDialog } from './create-user-dialog.tsx';
import { UserActs } from './user-acts.tsx';

const FIELDS = ['search'] as const;
const TONES = { active: 'good', disabled: 'bad', expired: 'calm' } as const;

function UserRow({ user }: { readonly user: UserView }) {
  return (
    <Table.Tr>
      <Table.Td fw={600}>{user.username}</Table.Td>
      <Table.Td>{user.role}</Table.Td>
      <Table.Td>
        <Pill tone={TONES[user.state]}>{user.state}</Pill> {user.locked_until !== null && <Pill tone="caution">locked</Pill>}{' '}
        {user.password_change_required && <Pill tone="calm">one-time password</Pill>}{' '}
        {user.second_factor && <Pill tone="calm">second factor</Pill>}
      </Table.Td>
      <Table.Td>
        {user.memberships.length === 0 ? 'none' : user.memberships.map(({ group, role }) => `${group} (${role})`).join(', ')}
      </Table.Td>
      <Table.Td>
        <Moment at={user.last_sign_in_at} />
      </Table.Td>
      <Table.Td ta="right">
        <UserActs user={user} />
      </Table.Td>
    </Table.Tr>
  );
}

export function UsersPage() {
  const { values, set } = useUrlFields(listUsers.shape, FIELDS);
  const users = useQuery({ ...usersQuery(useCaller(), values.search ?? ''), placeholderData: keepPreviousData });
  const [isCreating, setCreating] = useState(false);
  return (
    <Stack gap="md">
      <PageHead title="Users" text="Everybody who can sign in. What they may do in a group is decided by its members.">
        <Button onClick={() => setCreating(true)}>Create a user…</Button>
      </PageHead>
      <Box maw={380}>
        <SettlingField
          label="Search"
          placeholder="Part of the name"
          maxLength={64}
          value={values.search ?? ''}
          onSettled={(text) => set('search', text)}
        />
      </Box>
      {users.isError && <ErrorNotice error={users.error} onRetry={() => void users.refetch()} />}
      {users.isPending && <Skeleton height={160} radius="md" aria-label="Loading users" />}
      {users.data?.items.length === 0 && <Text c="dimmed">No user matches.</Text>}
      {(users.data?.items.length ?? 0) > 0 && (
        <WideTable label="Users" heads={['User', 'Role', 'State', 'Groups', 'Last sign-in', '']}>
          {users.data?.items.map((user) => (
            <UserRow key={user.id} user={user} />
          ))}
        </WideTable>
      )}
      {typeof users.data?.next_cursor === 'string' && (
        <Text c="dimmed">There are more than {users.data.items.length}; narrow by name.</Text>
      )}
      <CreateUserDialog isOpen={isCreating} onClose={() => setCreating(false)} />
    </Stack>
  );
}
