import { Button, Skeleton, Stack, Table } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { SessionView } from '@tidegate/contract-api';
import { useCaller } from '../api/caller-context.ts';
import { KEYS, ownSessionsQuery, sessionQuery } from '../api/queries.ts';
import { useAct } from '../api/use-act.ts';
import { ErrorNotice } from '../frame/error-notice.tsx';
import { Notice } from '../frame/notice.tsx';
import { PageHead } from '../frame/page-head.tsx';
import { WideTable } from '../frame/wide-table.tsx';
import { Panel } from '../node/panel.tsx';
import { Pill } from '../nodes/pill.tsx';
import { Moment } from '../time/moment.tsx';
import { ApiTokenPanel } from './api-token-panel.tsx';
import { PasswordPanel } from './password-panel.tsx';
import { SecondFactorPanel } from './second-factor-panel.tsx';

const CHANGES = [KEYS.ownSessions];
const METHODS = { password: 'password', oidc: 'sign-in provider' } as const;

function SessionPanel() {
  const sessions = useQuery(ownSessionsQuery(useCaller()));
  const end = useAct('endOwnSession', { changes: CHANGES });
  const endOthers = useAct('endOtherSessions', { changes: CHANGES });
  const items = sessions.data?.items ?? [];
  return (
    <Panel
      id="sessions"
      title="Where you are signed in"
      aside={
        items.length > 1 && (
          <Button size="compact-sm" variant="default" loading={endOthers.isPending} onClick={() => endOthers.mutate({})}>
            Sign out everywhere else
          </Button>
        )
      }
    >
      <Stack gap="sm">
        {[sessions, end, endOthers].map((each, index) => each.isError && <ErrorNotice key={index} error={each.error} />)}
        {sessions.isPending && <Skeleton height={80} radius="md" aria-label="Loading sessions" />}
        {items.length > 0 && (
          <WideTable label="Sessions" heads={['With', 'From', 'Signed in by', 'Since', 'Last used', '']}>
            {items.map((session) => (
              <Table.Tr key={session.id}>
                <Table.Td>{session.user_agent ?? 'unknown'}</Table.Td>
                <Table.Td>{session.address}</Table.Td>
                <Table.Td>{METHODS[session.method]}</Table.Td>
                <Table.Td>
                  <Moment at={session.created_at} />
                </Table.Td>
                <Table.Td>
                  <Moment at={session.last_used_at} />
                </Table.Td>
                <Table.Td ta="right">
                  {session.current ? (
                    <Pill tone="good">this one</Pill>
                  ) : (
                    <Button
                      size="compact-sm"
                      variant="default"
                      onClick={() => end.mutate({ parameters: { id: session.id } })}
                      aria-label={`Sign out the session from ${session.address}`}
                    >
                      Sign out
                    </Button>
                  )}
                </Table.Td>
              </Table.Tr>
            ))}
          </WideTable>
        )}
      </Stack>
    </Panel>
  );
}

/** All that is open until the account has what the installation asks of it. */
function FirstThings({ session }: { readonly session: SessionView }) {
  if (session.password_change_required)
    return (
      <>
        <Notice tone="caution" title="Choose a password of your own">
          <span>You signed in with a one-time password. Everything else opens once you have chosen your own.</span>
        </Notice>
        <PasswordPanel />
      </>
    );
  return (
    <>
      <Notice tone="caution" title="Turn a second factor on">
        <span>This installation asks it of your account. Everything else opens once it is on.</span>
      </Notice>
      <SecondFactorPanel />
    </>
  );
}

export function AccountPage() {
  const session = useQuery(sessionQuery(useCaller())).data;
  if (!session) return null;
  const { username, role } = session.user;
  return (
    <Stack gap="lg">
      <PageHead title="My account" text={`${username}, ${role}`} />
      {session.password_change_required || session.second_factor_setup_required ? (
        <FirstThings session={session} />
      ) : (
        <>
          <PasswordPanel />
          <SecondFactorPanel />
          <SessionPanel />
          <ApiTokenPanel />
        </>
      )}
    </Stack>
  );
}
