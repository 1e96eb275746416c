import { Button, Stack, Text, Title } from '@mantine/core';
import styles from './no-nodes.module.css';

interface NoNodesProps {
  readonly isNarrowed: boolean;
  readonly onShowAll: () => void;
  /** null for people who may not admit nodes. */
  readonly onAdd: (() => void) | null;
}

/** An empty list always says what to do next. */
export function NoNodes({ isNarrowed, onShowAll, onAdd }: NoNodesProps) {
  if (isNarrowed)
    return (
      <Stack className={styles.empty} align="center" gap="xs">
        <Title order={2} size="h4">
          No node matches
        </Title>
        <Text c="dimmed">Nothing fits the search and filters above.</Text>
        <Button variant="default" onClick={onShowAll}>
          Show all nodes
        </Button>
      </Stack>
    );
  return (
    <Stack className={styles.empty} align="center" gap="xs">
      <Title order={2} size="h4">
        No node is enrolled yet
      </Title>
      <Text c="dimmed" maw={520} ta="center">
        {onAdd
          ? 'Install the agent on a machine, then run one command there. The node shows up here by itself.'
          : 'Nodes of your groups show up here by themselves. An admin of a group can add one.'}
      </Text>
      {onAdd && <Button onClick={onAdd}>Add the first node…</Button>}
    </Stack>
  );
}
