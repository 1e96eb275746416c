import { Button, Code, Stack, Text, Title } from '@mantine/core';
import styles from './no-nodes.module.css';

/** An empty list always says what to do next. */
export function NoNodes({ isNarrowed, onShowAll }: { readonly isNarrowed: boolean; readonly onShowAll: () => void }) {
  return (
    <Stack className={styles.empty} align="center" gap="xs">
      <Title order={2} size="h4">
        {isNarrowed ? 'No node matches' : 'No node is enrolled yet'}
      </Title>
      {isNarrowed ? (
        <>
          <Text c="dimmed">Nothing fits the search and filters above.</Text>
          <Button variant="default" onClick={onShowAll}>
            Show all nodes
          </Button>
        </>
      ) : (
        <Text c="dimmed" maw={520} ta="center">
          Make a registration token with <Code>POST /api/v1/registration-tokens</Code>, put it into <Code>identity/registration-token</Code>{' '}
          of an agent’s install root and start the agent. It shows up here by itself.
        </Text>
      )}
    </Stack>
  );
}
