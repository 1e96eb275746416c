import { Anchor, Button, Group, Skeleton, Stack, Table, Text } from '@mantine/core';
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { apiPath, listAudit, type AuditVerification } from '@tidegate/contract-api';
import { useCaller } from '../api/caller-context.ts';
import { auditQuery } from '../api/queries.ts';
import { useAct } from '../api/use-act.ts';
import { ErrorNotice } from '../frame/error-notice.tsx';
import { Notice } from '../frame/notice.tsx';
import { PageHead } from '../frame/page-head.tsx';
import { SettlingField } from '../frame/settling-field.tsx';
import { TimeField } from '../frame/time-field.tsx';
import { useUrlFields } from '../frame/use-url-fields.ts';
import { WideTable } from '../frame/wide-table.tsx';
import { Details } from '../node/details.tsx';
import { Pill } from '../nodes/pill.tsx';
import { useMay } from '../session/use-may.ts';
import { Moment } from '../time/moment.tsx';
import styles from '../frame/filters.module.css';

const FIELDS = ['actor', 'action', 'target_kind', 'target_id', 'address', 'from', 'to'] as const;
const TEXTS = [
  ['actor', 'Who', 'exactly as shown'],
  ['action', 'Action', 'node.upgrade'],
  ['target_kind', 'Kind of target', 'node'],
  ['target_id', 'Target', 'its id'],
  ['address', 'Address', '192.0.2.1'],
] as const;

function Verification({ result }: { readonly result: AuditVerification }) {
  const range = result.first_position === null ? 'empty' : `rows ${result.first_position} to ${result.last_position}`;
  if (result.ok)
    return (
      <Group gap="xs" role="status">
        <Pill tone="good">chain intact</Pill>
        <Text size="sm">
          {result.rows.toLocaleString()} rows looked at ({range}); signed up to {result.signed_until ?? 'none yet'}.
        </Text>
      </Group>
    );
  return (
    <Notice tone="bad" title="The audit trail is not what was written" isUrgent>
      <span>
        {result.rows.toLocaleString()} rows looked at ({range}).
      </span>
      {result.findings.map(({ kind, position, until }) => (
        <span key={`${kind} ${position}`}>
          {kind.replaceAll('_', ' ')}: {position === until ? `row ${position}` : `rows ${position} to ${until}`}
        </span>
      ))}
    </Notice>
  );
}

function AuditActs({ filters }: { readonly filters: Readonly<Partial<Record<string, string>>> }) {
  const may = useMay();
  const verify = useAct('verifyAudit', { changes: [] });
  const csv = `${apiPath('exportAudit')}?${new URLSearchParams({ ...(filters as Record<string, string>), format: 'csv' })}`;
  return (
    <Stack gap="sm">
      <Group gap="xs">
        {may('audit.verify') && (
          <Button loading={verify.isPending} onClick={() => verify.mutate({})}>
            Verify the chain
          </Button>
        )}
        <Button component="a" variant="default" href={csv} download="audit.csv">
          CSV of these
        </Button>
        <Button component="a" variant="default" href={apiPath('exportAudit')} download="audit.ndjson">
          Whole chain, signed
        </Button>
      </Group>
      {verify.isError && <ErrorNotice error={verify.error} />}
      {verify.data && <Verification result={verify.data} />}
    </Stack>
  );
}

export function AuditPage() {
  const { values, set, clear } = useUrlFields(listAudit.shape, FIELDS);
  const audit = useInfiniteQuery({ ...auditQuery(useCaller(), values), placeholderData: keepPreviousData });
  const entries = audit.data?.pages.flatMap((page) => page.items) ?? [];
  return (
    <Stack gap="md">
      <PageHead title="Audit trail" text="Who did what, newest first. Each row is chained to the one before, and the chain is signed.">
        <Button variant="default" loading={audit.isFetching && !audit.isFetchingNextPage} onClick={() => void audit.refetch()}>
          Refresh
        </Button>
      </PageHead>
      <AuditActs filters={values} />
      <div className={styles.filters} role="search">
        {TEXTS.map(([field, label, placeholder]) => (
          <SettlingField
            key={field}
            isLabelled
            label={label}
            placeholder={placeholder}
            maxLength={200}
            value={values[field] ?? ''}
            onSettled={(text) => set(field, text.trim())}
          />
        ))}
        <TimeField label="From" value={values.from} onChange={(iso) => set('from', iso)} />
        <TimeField label="To" value={values.to} onChange={(iso) => set('to', iso)} />
      </div>
      {audit.isError && <ErrorNotice error={audit.error} onRetry={() => void audit.refetch()} />}
      {audit.isPending && <Skeleton height={240} radius="md" aria-label="Loading the audit trail" />}
      {audit.isSuccess && entries.length === 0 && (
        <Text c="dimmed">
          No entry matches.{' '}
          <Anchor component="button" type="button" onClick={clear}>
            Show all
          </Anchor>
        </Text>
      )}
      {entries.length > 0 && (
        <WideTable label="Audit trail" heads={['When', 'Who', 'Action', 'Target', 'Details']}>
          {entries.map((entry) => (
            <Table.Tr key={`${entry.at} ${entry.position ?? ''} ${entry.action} ${entry.target_id}`}>
              <Table.Td>
                <Moment at={entry.at} />
                <Text size="xs" c="dimmed">
                  {entry.position === null ? 'not chained yet' : `row ${entry.position}`}
                </Text>
              </Table.Td>
              <Table.Td>
                {entry.actor}
                <Text size="xs" c="dimmed">
                  {entry.address}
                </Text>
              </Table.Td>
              <Table.Td>
                <code>{entry.action}</code>
              </Table.Td>
              <Table.Td>
                {entry.target_kind}
                <Text size="xs" c="dimmed">
                  {entry.target_id}
                </Text>
              </Table.Td>
              <Table.Td>
                <Details details={entry.details} />
              </Table.Td>
            </Table.Tr>
          ))}
        </WideTable>
      )}
      {audit.hasNextPage && (
        <Button variant="default" w="fit-content" loading={audit.isFetchingNextPage} onClick={() => void audit.fetchNextPage()}>
          Show older entries
        </Button>
      )}
    </Stack>
  );
}
