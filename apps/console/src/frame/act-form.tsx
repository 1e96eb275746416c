import { Button, Group, Stack } from '@mantine/core';
import type { FormEvent, ReactNode } from 'react';
import { ErrorNotice } from './error-notice.tsx';

interface ActFormProps {
  readonly submit: string;
  readonly isReady?: boolean;
  /** For what cannot be undone. */
  readonly isGrave?: boolean;
  readonly act: { readonly isPending: boolean; readonly error: unknown };
  readonly onSubmit: () => void;
  readonly onClose: () => void;
  readonly children?: ReactNode;
}

/** Fields, then why it was refused, then the button that does it. */
export function ActForm({ submit, isReady = true, isGrave = false, act, onSubmit, onClose, children }: ActFormProps) {
  const send = (event: FormEvent) => {
    event.preventDefault();
    onSubmit();
  };
  return (
    <form onSubmit={send}>
      <Stack gap="md">
        {children}
        {act.error !== null && <ErrorNotice error={act.error} />}
        <Group justify="flex-end" gap="sm">
          <Button variant="default" onClick={onClose}>
            Close
          </Button>
          <Button type="submit" disabled={!isReady} loading={act.isPending} {...(isGrave && { color: 'red.8' })}>
            {submit}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
