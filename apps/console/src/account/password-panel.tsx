import { Button, PasswordInput, Stack } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQueryClient } from '@tanstack/react-query';
import { changePassword } from '@tidegate/contract-api';
import { useState, type FormEvent } from 'react';
import { KEYS } from '../api/queries.ts';
import { useAct } from '../api/use-act.ts';
import { ErrorNotice } from '../frame/error-notice.tsx';
import { Panel } from '../node/panel.tsx';

export function PasswordPanel() {
  const client = useQueryClient();
  const [before, setBefore] = useState('');
  const [after, setAfter] = useState('');
  const [again, setAgain] = useState('');
  const act = useAct('changePassword', {
    changes: [KEYS.ownSessions],
    onDone: (session) => {
      // It comes with a new cookie and CSRF token.
      client.setQueryData(KEYS.session, session);
      for (const set of [setBefore, setAfter, setAgain]) set('');
      notifications.show({ color: 'tide', title: 'Password changed', message: 'Every other session of yours has ended.' });
    },
  });
  const isFit = changePassword.safeParse({ old_password: before, new_password: after }).success;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isFit && after === again) act.mutate({ body: { old_password: before, new_password: after } });
  };
  return (
    <Panel id="password" title="Password">
      <form onSubmit={submit}>
        <Stack gap="sm" maw={380}>
          <PasswordInput
            label="Password now"
            autoComplete="current-password"
            maxLength={256}
            value={before}
            onChange={(event) => setBefore(event.currentTarget.value)}
          />
          <PasswordInput
            label="New password"
            description="Twelve characters at least."
            autoComplete="new-password"
            maxLength={256}
            value={after}
            onChange={(event) => setAfter(event.currentTarget.value)}
          />
          <PasswordInput
            label="New password again"
            autoComplete="new-password"
            maxLength={256}
            value={again}
            error={again !== '' && again !== after && 'This is not the same.'}
            onChange={(event) => setAgain(event.currentTarget.value)}
          />
          {act.isError && <ErrorNotice error={act.error} />}
          <Button type="submit" w="fit-content" disabled={!isFit || after !== again} loading={act.isPending}>
            Change the password
          </Button>
        </Stack>
      </form>
    </Panel>
  );
}
