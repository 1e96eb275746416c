import { Code, Group, Skeleton, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { NodeExplanation, NodeView } from '@tidegate/contract-api';
import { useEffect } from 'react';
import { useCaller } from '../api/caller-context.ts';
import { explanationQuery } from '../api/queries.ts';
import { ErrorNotice } from '../frame/error-notice.tsx';
import { codeText, type Tone } from '../nodes/badge-text.ts';
import { Pill } from '../nodes/pill.tsx';
import { Moment } from '../time/moment.tsx';
import { Panel } from './panel.tsx';

const WAITS: Record<NodeExplanation['waits_for'], readonly [string, Tone]> = {
  person: ['waits for a person', 'caution'],
  node: ['waits for the node', 'live'],
  manager: ['waits for the manager', 'live'],
  publisher: ['waits for the publisher', 'calm'],
  nobody: ['nothing to do', 'good'],
};

/** Why the node is where it is and what happens next; asked again whenever something about it changes. */
export function ExplanationPanel({ node }: { readonly node: NodeView }) {
  const why = useQuery(explanationQuery(useCaller(), node.id));
  const { refetch } = why;
  const state = `${node.connection} ${node.software_version} ${node.upgrade?.id} ${node.upgrade?.state} ${node.revision}`;
  useEffect(() => void refetch(), [state, refetch]);
  const answer = why.data;
  return (
    <Panel
      id="why"
      title="Why, and what happens next"
      aside={answer && <Pill tone={WAITS[answer.waits_for][1]}>{WAITS[answer.waits_for][0]}</Pill>}
    >
      {why.isPending && <Skeleton height={48} radius="md" aria-label="Loading the explanation" />}
      {why.isError && <ErrorNotice error={why.error} onRetry={() => void refetch()} />}
      {answer && (
        <Stack gap={6}>
          <Text size="sm">{answer.sentence}</Text>
          <Text size="sm" c="dimmed">
            {answer.next_step}
          </Text>
          {answer.error_code !== null && <Text size="sm">{codeText(answer.error_code).hint}</Text>}
          <Group gap="xs">
            <Code>{answer.code}</Code>
            {answer.since !== null && (
              <Text size="xs" c="dimmed">
                since <Moment at={answer.since} />
              </Text>
            )}
          </Group>
        </Stack>
      )}
    </Panel>
  );
}
