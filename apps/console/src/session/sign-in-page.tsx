import { Button, Paper, PasswordInput, Stack, Text, TextInput, Title } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { Navigate, useSearchParams } from 'react-router';
import type { SessionView } from '@tidegate/contract-api';
import { useCaller } from '../api/caller-context.ts';
import { forgetAllButSession, KEYS, sessionQuery } from '../api/queries.ts';
import { ErrorNotice } from '../frame/error-notice.tsx';
import { Wordmark } from '../frame/icons.tsx';
import { usePageTitle } from '../frame/page-title.ts';
import { OidcButton } from './oidc-button.tsx';
import { returnPath } from './return-path.ts';
import { SecondStep } from './second-step.tsx';
import { SignInRefusal } from './sign-in-refusal.tsx';
import styles from './sign-in-page.module.css';

export function SignInPage() {
  usePageTitle('Sign in');
  const caller = useCaller();
  const queryClient = useQueryClient();
  const [search] = useSearchParams();
  const [username, setUsername] = useState('');
  const [password, setPassword] = useState('');
  const session = useQuery(sessionQuery(caller));
  const [challenge, setChallenge] = useState<string | null>(null);
  const enter = (view: SessionView) => {
    // Nothing that the person before saw may show up for the next one.
    forgetAllButSession(queryClient);
    queryClient.setQueryData(KEYS.session, view);
  };
  const startAgain = () => {
    setChallenge(null);
    setPassword('');
  };
  const signIn = useMutation({
    mutationFn: () => caller.ask('signIn', { body: { username, password } }),
    onSuccess: (answer) => ('challenge' in answer ? setChallenge(answer.challenge) : enter(answer)),
    onError: () => setPassword(''),
  });
  if (session.data) return <Navigate to={returnPath(search.get('from'))} replace />;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    signIn.mutate();
  };
  return (
    <main className={styles.page}>
      <div className={styles.water} aria-hidden="true" />
      {challenge !== null ? (
        <SecondStep challenge={challenge} onSignedIn={enter} onBack={startAgain} />
      ) : (
        <Paper className={styles.card} component="form" onSubmit={submit} withBorder shadow="md" radius="lg">
          <Stack gap="md">
            <Wordmark />
            <div>
              <Title order={1} size="h3">
                Sign in
              </Title>
              <Text c="dimmed" size="sm">
                See your nodes, upgrade them and watch them prove themselves.
              </Text>
            </div>
            {signIn.isError ? <ErrorNotice error={signIn.error} /> : <SignInRefusal code={search.get('error')} />}
            <TextInput
              label="User name"
              name="username"
              autoComplete="username"
              autoFocus
              required
              maxLength={64}
              withAsterisk={false}
              value={username}
              onChange={(event) => setUsername(event.currentTarget.value)}
            />
            <PasswordInput
              label="Password"
              name="password"
              autoComplete="current-password"
              required
              maxLength={256}
              withAsterisk={false}
              value={password}
              onChange={(event) => setPassword(event.currentTarget.value)}
            />
            <Button type="submit" loading={signIn.isPending} fullWidth>
              Sign in
            </Button>
            <OidcButton from={returnPath(search.get('from'))} />
          </Stack>
        </Paper>
      )}
    </main>
  );
}
