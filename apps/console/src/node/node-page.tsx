import { Anchor, Button, Group, Skeleton, Stack, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { NodeView } from '@tidegate/contract-api';
import { useState } from 'react';
import { Link, useParams } from 'react-router';
import { useCaller } from '../api/caller-context.ts';
import { nodeQuery } from '../api/queries.ts';
import { Copyable } from '../frame/copyable.tsx';
import { ErrorNotice } from '../frame/error-notice.tsx';
import { BackIcon } from '../frame/icons.tsx';
import { Notice } from '../frame/notice.tsx';
import { usePageTitle } from '../frame/page-title.ts';
import { ConnectionDot } from '../nodes/connection-dot.tsx';
import { StandingTags, TrustTag } from '../nodes/node-columns.tsx';
import { VersionBadge } from '../nodes/version-badge.tsx';
import { UpgradeDialog } from '../upgrade/upgrade-dialog.tsx';
import { EventList } from './event-list.tsx';
import { NodeFacts } from './node-facts.tsx';
import { UpgradeHistory } from './upgrade-history.tsx';
import { UpgradeProgress } from './upgrade-progress.tsx';
import styles from './node-page.module.css';

function NodeHead({ node, onUpgrade }: { readonly node: NodeView; readonly onUpgrade: () => void }) {
  return (
    <Group justify="space-between" align="flex-start" gap="md">
      <div>
        <Group gap="sm">
          <Title order={1} size="h2">
            {node.name}
          </Title>
          <ConnectionDot connection={node.connection} />
          <TrustTag purpose={node.trust_purpose} />
          <StandingTags node={node} />
        </Group>
        <Copyable value={node.id} label="node id" />
        <div className={styles.version}>
          <VersionBadge node={node} />
        </div>
      </div>
      {node.capabilities.includes('upgrade') && <Button onClick={onUpgrade}>Upgrade…</Button>}
    </Group>
  );
}

export function NodePage() {
  const { id = '' } = useParams();
  const query = useQuery(nodeQuery(useCaller(), id));
  const node = query.data;
  usePageTitle(node?.name ?? 'Node');
  const [isUpgrading, setUpgrading] = useState(false);
  return (
    <Stack gap="lg">
      <Anchor component={Link} to="/admin/nodes" className={styles.back}>
        <BackIcon size={14} /> All nodes
      </Anchor>
      {query.isError && <ErrorNotice error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && <Skeleton height={120} radius="md" aria-label="Loading the node" />}
      {node && !query.isError && (
        <>
          <NodeHead node={node} onUpgrade={() => setUpgrading(true)} />
          {node.failing_checks.length > 0 && (
            <Notice tone="caution" title="Health checks fail">
              {node.failing_checks.join(', ')}
            </Notice>
          )}
          <div className={styles.columns}>
            <Stack gap="lg" className={styles.column}>
              <UpgradeProgress node={node} />
              <UpgradeHistory nodeId={node.id} currentId={node.upgrade?.id ?? null} />
            </Stack>
            <Stack gap="lg" className={styles.column}>
              <NodeFacts node={node} />
              <EventList nodeId={node.id} />
            </Stack>
          </div>
          <UpgradeDialog node={isUpgrading ? node : null} onClose={() => setUpgrading(false)} />
        </>
      )}
    </Stack>
  );
}
