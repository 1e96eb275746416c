import { Button, Group, PasswordInput, Stack, Text, TextInput } from '@mantine/core';
import type { SecondFactorSecret } from '@tidegate/contract-api';
import { useState } from 'react';
import { KEYS } from '../api/queries.ts';
import { useAct } from '../api/use-act.ts';
import { ActForm } from '../frame/act-form.tsx';
import { Copyable } from '../frame/copyable.tsx';
import { ShownOnce } from '../frame/shown-once.tsx';
import { QrCode } from './qr-code.tsx';

interface StepProps {
  readonly onClose: () => void;
}

const inFours = (text: string): string => text.replaceAll(/(.{4})(?=.)/g, '$1 ');
const download = (codes: readonly string[]): string => `data:text/plain;charset=utf-8,${encodeURIComponent(`${codes.join('\n')}\n`)}`;

function RecoveryCodes({ codes, onClose }: StepProps & { readonly codes: readonly string[] }) {
  return (
    <Stack gap="md">
      <ShownOnce
        label="It is on. Keep these recovery codes"
        value={codes.join('\n')}
        note="Each signs in once when the app is gone. They are not shown again."
      />
      <Group justify="flex-end" gap="sm">
        <Button component="a" variant="default" href={download(codes)} download="tidegate-recovery-codes.txt">
          Download
        </Button>
        <Button onClick={onClose}>I have kept them</Button>
      </Group>
    </Stack>
  );
}

/** Secret for the app, first code, recovery codes. */
function Confirm({ shown, onClose }: StepProps & { readonly shown: SecondFactorSecret }) {
  const [code, setCode] = useState('');
  const act = useAct('confirmSecondFactor', { changes: [KEYS.secondFactor, KEYS.ownSessions] });
  if (act.data) return <RecoveryCodes codes={act.data.recovery_codes} onClose={onClose} />;
  return (
    <ActForm
      submit="Turn it on"
      isReady={/^\d{3} ?\d{3}$/.test(code.trim())}
      act={act}
      onClose={onClose}
      onSubmit={() => act.mutate({ body: { code: code.trim() } })}
    >
      <Text size="sm">Let your authenticator app look at this, or type the secret into it. Then type the code it shows.</Text>
      <Group justify="center">
        <QrCode text={shown.uri} label="QR code for the authenticator app" />
      </Group>
      <Text size="sm" component="div">
        Secret: <Copyable value={shown.secret} shown={inFours(shown.secret)} label="the secret" />
      </Text>
      <TextInput
        label="Code"
        inputMode="numeric"
        autoComplete="one-time-code"
        maxLength={7}
        data-autofocus
        value={code}
        onChange={(event) => setCode(event.currentTarget.value)}
      />
      <Text size="sm" c="dimmed">
        Every other session of yours ends.
      </Text>
    </ActForm>
  );
}

export function TurnOnSecondFactor({ onClose }: StepProps) {
  const [password, setPassword] = useState('');
  const act = useAct('beginSecondFactor', { changes: [] });
  if (act.data) return <Confirm shown={act.data} onClose={onClose} />;
  return (
    <ActForm submit="Go on" isReady={password !== ''} act={act} onClose={onClose} onSubmit={() => act.mutate({ body: { password } })}>
      <PasswordInput
        label="Password"
        autoComplete="current-password"
        maxLength={256}
        data-autofocus
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
      />
    </ActForm>
  );
}
