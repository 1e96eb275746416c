import { PasswordInput, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { KEYS } from '../api/queries.ts';
import { useAct } from '../api/use-act.ts';
import { ActForm } from '../frame/act-form.tsx';

const SIX_DIGITS = /^\d{3} ?\d{3}$/;

export function TurnOffSecondFactor({ onClose }: { readonly onClose: () => void }) {
  const [password, setPassword] = useState('');
  const [typed, setTyped] = useState('');
  const act = useAct('removeSecondFactor', { changes: [KEYS.secondFactor], onDone: onClose });
  const proof = SIX_DIGITS.test(typed.trim()) ? { code: typed.trim() } : { recovery_code: typed.trim() };
  return (
    <ActForm
      submit="Turn it off"
      isGrave
      isReady={password !== '' && typed.trim() !== ''}
      act={act}
      onClose={onClose}
      onSubmit={() => act.mutate({ body: { password, ...proof } })}
    >
      <Text size="sm">From then on the password alone signs you in. The recovery codes are gone with it.</Text>
      <PasswordInput
        label="Password"
        autoComplete="current-password"
        maxLength={256}
        data-autofocus
        value={password}
        onChange={(event) => setPassword(event.currentTarget.value)}
      />
      <TextInput
        label="Code, or a recovery code"
        autoComplete="one-time-code"
        maxLength={24}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
      />
    </ActForm>
  );
}
