import { Button, Code, Group, List, Text } from '@mantine/core';
import { ERRORS, isErrorCode } from '@tidegate/contract-errors';
import { ApiRefusal } from '../api/caller.ts';
import { codeText } from '../nodes/badge-text.ts';
import { Notice } from './notice.tsx';

const mayHelpAgain = (code: string): boolean => !isErrorCode(code) || ERRORS[code].retryable;

/** A coded refusal in the registry's words: what happened, what to do now, and the code to search for. */
export function ErrorNotice({ error, onRetry }: { readonly error: unknown; readonly onRetry?: () => void }) {
  const refusal = error instanceof ApiRefusal ? error : null;
  const { code, hint } = refusal ?? codeText('internal_error');
  const title = refusal?.message ?? codeText('internal_error').meaning;
  const fields = refusal?.problem?.fields ?? [];
  return (
    <Notice tone="bad" title={title} isUrgent>
      <span>{hint}</span>
      {fields.length > 0 && (
        <List size="sm">
          {fields.map((field) => (
            <List.Item key={field.path}>
              {field.path}: {field.rule}
            </List.Item>
          ))}
        </List>
      )}
      <Group gap="xs">
        <Code>{code}</Code>
        {refusal?.problem && (
          <Text size="xs" c="dimmed">
            request {refusal.problem.request_id}
          </Text>
        )}
      </Group>
      {onRetry && mayHelpAgain(code) && (
        <Button size="xs" variant="default" onClick={onRetry}>
          Try again
        </Button>
      )}
    </Notice>
  );
}
