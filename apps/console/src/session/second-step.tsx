import { Anchor, Button, Paper, Stack, Text, TextInput, Title } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import type { SessionView } from '@tidegate/contract-api';
import { useState, type FormEvent } from 'react';
import { useCaller } from '../api/caller-context.ts';
import { ApiRefusal } from '../api/caller.ts';
import { ErrorNotice } from '../frame/error-notice.tsx';
import { Wordmark } from '../frame/icons.tsx';
import styles from './sign-in-page.module.css';

interface SecondStepProps {
  readonly challenge: string;
  readonly onSignedIn: (session: SessionView) => void;
  readonly onBack: () => void;
}

const WORDS = {
  code: {
    text: 'Type the code that your authenticator app shows for this manager.',
    label: 'Code',
    other: 'Use a recovery code instead',
  },
  recovery_code: {
    text: 'Each recovery code works once. You got them when you turned the second factor on.',
    label: 'Recovery code',
    other: 'Use the authenticator app instead',
  },
} as const;

/** The password was right; now the code, or one of the recovery codes. */
export function SecondStep({ challenge, onSignedIn, onBack }: SecondStepProps) {
  const caller = useCaller();
  const [kind, setKind] = useState<'code' | 'recovery_code'>('code');
  const [typed, setTyped] = useState('');
  const complete = useMutation({
    mutationFn: () => caller.ask('completeSignIn', { body: { challenge, [kind]: typed.trim() } }),
    onSuccess: onSignedIn,
    onError: () => setTyped(''),
  });
  const isOver = complete.error instanceof ApiRefusal && complete.error.code === 'second_factor_challenge_invalid';
  const submit = (event: FormEvent) => {
    event.preventDefault();
    complete.mutate();
  };
  const turnTo = (next: typeof kind) => {
    setKind(next);
    setTyped('');
    complete.reset();
  };
  const { text, label, other } = WORDS[kind];
  return (
    <Paper className={styles.card} component="form" onSubmit={submit} withBorder shadow="md" radius="lg">
      <Stack gap="md">
        <Wordmark />
        <div>
          <Title order={1} size="h3">
            One more step
          </Title>
          <Text c="dimmed" size="sm">
            {text}
          </Text>
        </div>
        {complete.isError && <ErrorNotice error={complete.error} />}
        {!isOver && (
          <>
            <TextInput
              key={kind}
              label={label}
              name={kind}
              autoComplete={kind === 'code' ? 'one-time-code' : 'off'}
              inputMode={kind === 'code' ? 'numeric' : 'text'}
              autoFocus
              required
              maxLength={kind === 'code' ? 7 : 24}
              withAsterisk={false}
              value={typed}
              onChange={(event) => setTyped(event.currentTarget.value)}
            />
            <Button type="submit" loading={complete.isPending} fullWidth>
              Sign in
            </Button>
            <Anchor component="button" type="button" size="sm" onClick={() => turnTo(kind === 'code' ? 'recovery_code' : 'code')}>
              {other}
            </Anchor>
          </>
        )}
        <Button type="button" variant="default" onClick={onBack} fullWidth>
          Start again
        </Button>
      </Stack>
    </Paper>
  );
}
