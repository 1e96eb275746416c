import { Button, Menu, Text } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import type { UserView } from '@tidegate/contract-api';
import { useState } from 'react';
import { KEYS } from '../api/queries.ts';
import { useAct } from '../api/use-act.ts';
import { ActForm } from '../frame/act-form.tsx';
import { Dialog } from '../frame/dialog.tsx';
import { ErrorNotice } from '../frame/error-notice.tsx';
import { ShownOnce } from '../frame/shown-once.tsx';
import { TypedConfirmation } from '../frame/typed-confirmation.tsx';
import { IdentitiesDialog } from './identities-dialog.tsx';

const CHANGES = [KEYS.users, KEYS.members];

interface FormProps {
  readonly user: UserView;
  readonly onClose: () => void;
}

function ResetPassword({ user, onClose }: FormProps) {
  const act = useAct('resetPassword', { changes: CHANGES });
  if (act.data)
    return (
      <ShownOnce
        label={`One-time password of ${user.username}`}
        value={act.data.one_time_password}
        note="With it they can do nothing but choose their own. It is not shown again."
      />
    );
  return (
    <ActForm submit="Reset the password" act={act} onClose={onClose} onSubmit={() => act.mutate({ parameters: { id: user.id } })}>
      <Text size="sm">The password stops working, every session of {user.username} ends, and you get a one-time password to pass on.</Text>
    </ActForm>
  );
}

function ResetSecondFactor({ user, onClose }: FormProps) {
  const act = useAct('resetSecondFactor', { changes: CHANGES, onDone: onClose });
  return (
    <ActForm submit="Reset it" isGrave act={act} onClose={onClose} onSubmit={() => act.mutate({ parameters: { id: user.id } })}>
      <Text size="sm">
        For somebody who lost phone and recovery codes: make sure that it is {user.username} who asks. Their sessions end, and they sign in
        by the password alone until they turn it on again.
      </Text>
    </ActForm>
  );
}

function RemoveUser({ user, onClose }: FormProps) {
  const [confirmed, setConfirmed] = useState('');
  const act = useAct('removeUser', { changes: CHANGES, onDone: onClose });
  return (
    <ActForm
      submit="Remove the user"
      isGrave
      isReady={confirmed === user.username}
      act={act}
      onClose={onClose}
      onSubmit={() => act.mutate({ parameters: { id: user.id } })}
    >
      <Text size="sm">Sessions, API tokens and memberships go with the user. What they did stays in the audit trail.</Text>
      <TypedConfirmation word={user.username} value={confirmed} onChange={setConfirmed} />
    </ActForm>
  );
}

export function UserActs({ user }: { readonly user: UserView }) {
  const [asked, ask] = useState<'reset' | 'factor' | 'remove' | 'identities' | null>(null);
  const update = useAct('updateUser', { changes: CHANGES });
  const unlock = useAct('unlockUser', { changes: CHANGES });
  const endSessions = useAct('endUserSessions', {
    changes: CHANGES,
    onDone: () => notifications.show({ color: 'tide', title: 'Signed out everywhere', message: user.username }),
  });
  const parameters = { id: user.id };
  const close = () => ask(null);
  const otherRole = user.role === 'user' ? 'super_admin' : 'user';
  const failed = [update, unlock, endSessions].find((act) => act.isError);
  return (
    <>
      <Menu position="bottom-end" withInitialFocusPlaceholder={false}>
        <Menu.Target>
          <Button
            size="compact-sm"
            variant="default"
            loading={[update, unlock, endSessions].some((act) => act.isPending)}
            aria-label={`Change ${user.username}…`}
          >
            Change…
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item onClick={() => update.mutate({ parameters, body: { disabled: !user.disabled }, revision: user.revision })}>
            {user.disabled ? 'Let them sign in again' : 'Disable'}
          </Menu.Item>
          {user.locked_until !== null && <Menu.Item onClick={() => unlock.mutate({ parameters })}>Unlock</Menu.Item>}
          <Menu.Item onClick={() => update.mutate({ parameters, body: { role: otherRole }, revision: user.revision })}>
            Make them {otherRole}
          </Menu.Item>
          <Menu.Item onClick={() => endSessions.mutate({ parameters })}>Sign out everywhere</Menu.Item>
          {user.second_factor && <Menu.Item onClick={() => ask('factor')}>Reset the second factor…</Menu.Item>}
          <Menu.Item onClick={() => ask('reset')}>Reset the password…</Menu.Item>
          <Menu.Item onClick={() => ask('identities')}>Sign-in provider…</Menu.Item>
          <Menu.Item c="var(--tg-bad)" onClick={() => ask('remove')}>
            Remove…
          </Menu.Item>
        </Menu.Dropdown>
      </Menu>
      {failed && <ErrorNotice error={failed.error} />}
      <Dialog title={`Reset the password of ${user.username}`} isOpen={asked === 'reset'} onClose={close}>
        <ResetPassword user={user} onClose={close} />
      </Dialog>
      <IdentitiesDialog user={user} isOpen={asked === 'identities'} onClose={close} />
      <Dialog title={`Reset the second factor of ${user.username}`} isOpen={asked === 'factor'} onClose={close}>
        <ResetSecondFactor user={user} onClose={close} />
      </Dialog>
      <Dialog title={`Remove ${user.username}`} isOpen={asked === 'remove'} onClose={close}>
        <RemoveUser user={user} onClose={close} />
      </Dialog>
    </>
  );
}
