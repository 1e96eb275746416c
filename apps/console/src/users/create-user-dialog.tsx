import { Button, Group, NativeSelect, Stack, TextInput } from '@mantine/core';
import { PLATFORM_ROLES, username as usernameShape, type PlatformRole } from '@tidegate/contract-api';
import { useState } from 'react';
import { KEYS } from '../api/queries.ts';
import { useAct } from '../api/use-act.ts';
import { ActForm } from '../frame/act-form.tsx';
import { Dialog } from '../frame/dialog.tsx';
import { ShownOnce } from '../frame/shown-once.tsx';
import { TimeField } from '../frame/time-field.tsx';

function CreateUser({ onClose }: { readonly onClose: () => void }) {
  const [username, setUsername] = useState('');
  const [role, setRole] = useState<PlatformRole>('user');
  const [expiresAt, setExpiresAt] = useState<string | undefined>();
  const act = useAct('createUser', { changes: [KEYS.users] });
  if (act.data)
    return (
      <Stack gap="md">
        <ShownOnce
          label={`One-time password of ${act.data.user.username}`}
          value={act.data.one_time_password ?? ''}
          note="Valid for seven days. With it they can do nothing but choose their own. It is not shown again."
        />
        <Group justify="flex-end">
          <Button onClick={onClose}>Done</Button>
        </Group>
      </Stack>
    );
  const isFit = usernameShape.safeParse(username).success;
  return (
    <ActForm
      submit="Create the user"
      isReady={isFit}
      act={act}
      onClose={onClose}
      onSubmit={() => act.mutate({ body: { username, role, expires_at: expiresAt ?? null } })}
    >
      <TextInput
        label="User name"
        maxLength={64}
        autoComplete="off"
        data-autofocus
        value={username}
        error={username !== '' && !isFit && 'Letters, digits and . _ @ -; it never changes.'}
        onChange={(event) => setUsername(event.currentTarget.value.trim())}
      />
      <NativeSelect
        label="Role"
        description="A super_admin may do everything everywhere."
        data={PLATFORM_ROLES}
        value={role}
        onChange={(event) => setRole(event.currentTarget.value as PlatformRole)}
      />
      <TimeField label="Works until (empty: for good)" value={expiresAt} onChange={setExpiresAt} />
    </ActForm>
  );
}

export function CreateUserDialog({ isOpen, onClose }: { readonly isOpen: boolean; readonly onClose: () => void }) {
  return (
    <Dialog title="Create a user" isOpen={isOpen} onClose={onClose}>
      <CreateUser onClose={onClose} />
    </Dialog>
  );
}
