import { Anchor, Button, Center, Stack, Text, Title } from '@mantine/core';
import { Link } from 'react-router';

export function PageNotFound() {
  return (
    <Center mih="60dvh" p="md">
      <Stack align="center" gap="xs">
        <Title order={1} size="h3">
          There is no such page
        </Title>
        <Text c="dimmed">The address may be mistyped or from another version.</Text>
        <Anchor component={Link} to="/admin/nodes">
          Go to the nodes
        </Anchor>
      </Stack>
    </Center>
  );
}

/** Last resort for a bug of ours: nodes are not affected by a page that cannot be drawn. */
export function PageFailed() {
  return (
    <Center mih="100dvh" p="md">
      <Stack align="center" gap="xs">
        <Title order={1} size="h3">
          This page could not be shown
        </Title>
        <Text c="dimmed">Nodes and running upgrades are not affected.</Text>
        <Button onClick={() => location.reload()}>Reload</Button>
      </Stack>
    </Center>
  );
}
