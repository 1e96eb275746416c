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
import { targetOf, useMay } from '../session/use-may.ts';
import { Moment } from '../time/moment.tsx';
import { localText } from '../time/relative-time.ts';
import { CheckDialog } from '../upgrade/check-dialog.tsx';
import { UpgradeDialog } from '../upgrade/upgrade-dialog.tsx';
import { EventList } from './event-list.tsx';
import { ExplanationPanel } from './explanation-panel.tsx';
import { LabelPanel } from './label-panel.tsx';
import { NodeActs } from './node-acts.tsx';
import { NodeFacts } from './node-facts.tsx';
import { UpgradeHistory } from './upgrade-history.tsx';
import { UpgradeProgress } from './upgrade-progress.tsx';
import styles from './node-page.module.css';

function NodeHead({ node, onUpgrade }: { readonly node: NodeView; readonly onUpgrade: () => void }) {
  const may = useMay();
  const [isChecking, setChecking] = useState(false);
  const canUpgrade = node.capabilities.includes('upgrade') && node.removed_at === null;
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
      <Group gap="xs">
        {canUpgrade && may('upgrade.check', targetOf(node)) && (
          <Button variant="default" onClick={() => setChecking(true)}>
            Check…
          </Button>
        )}
        {canUpgrade && may('node.upgrade', targetOf(node)) && <Button onClick={onUpgrade}>Upgrade…</Button>}
        <NodeActs node={node} />
      </Group>
      <CheckDialog node={node} isOpen={isChecking} onClose={() => setChecking(false)} />
    </Group>
  );
}

function NodeNotices({ node }: { readonly node: NodeView }) {
  return (
    <>
      {node.removed_at !== null && (
        <Notice tone="caution" title="This node was removed">
          <span>
            <Moment at={node.removed_at} />. What it did stays readable here.
          </span>
        </Notice>
      )}
      {node.quarantine !== null && (
        <Notice tone="bad" title="Two machines use this node’s identity">
          <span>
            Since <Moment at={node.quarantine.since} />. It takes no part in rollouts. Find both machines, enrol one of them anew, then
            release the node.
          </span>
        </Notice>
      )}
      {node.maintenance !== null && (
        <Notice tone="caution" title={`In maintenance: ${node.maintenance.reason}`}>
          <span>
            Started by {node.maintenance.by} <Moment at={node.maintenance.since} />
            {node.maintenance.until === null ? ', until a person ends it.' : `, until ${localText(node.maintenance.until)}.`}
          </span>
        </Notice>
      )}
      {node.failing_checks.length > 0 && (
        <Notice tone="caution" title="Health checks fail">
          {node.failing_checks.join(', ')}
        </Notice>
      )}
    </>
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
          <NodeNotices node={node} />
          <div className={styles.columns}>
            <Stack gap="lg" className={styles.column}>
              <ExplanationPanel node={node} />
              <UpgradeProgress node={node} />
              <UpgradeHistory nodeId={node.id} currentId={node.upgrade?.id ?? null} />
            </Stack>
            <Stack gap="lg" className={styles.column}>
              <LabelPanel node={node} />
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
