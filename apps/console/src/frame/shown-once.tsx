import { Button, Code, CopyButton, Stack, Text } from '@mantine/core';
import { CheckIcon, CopyIcon } from './icons.tsx';
import styles from './dialog.module.css';

/** A secret or a command that holds one: nobody can read it again after this. */
export function ShownOnce({ label, value, note }: { readonly label: string; readonly value: string; readonly note: string }) {
  return (
    <Stack gap={6}>
      <Text size="sm" fw={600}>
        {label}
      </Text>
      <Code block className={styles.once}>
        {value}
      </Code>
      <CopyButton value={value}>
        {({ copied, copy }) => (
          <Button
            w="fit-content"
            size="xs"
            variant={copied ? 'light' : 'filled'}
            leftSection={copied ? <CheckIcon size={14} /> : <CopyIcon size={14} />}
            onClick={copy}
          >
            {copied ? 'Copied' : 'Copy'}
          </Button>
        )}
      </CopyButton>
      <Text size="sm" c="dimmed">
        {note}
      </Text>
    </Stack>
  );
}
