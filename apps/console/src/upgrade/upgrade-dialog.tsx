import { Button, Checkbox, Group, Modal, Radio, Skeleton, Stack, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { NodeView, ReleaseView, RequestUpgrade } from '@tidegate/contract-api';
import { useState, type FormEvent } from 'react';
import { useNavigate } from 'react-router';
import { useCaller } from '../api/caller-context.ts';
import { releasesQuery } from '../api/queries.ts';
import { ErrorNotice } from '../frame/error-notice.tsx';
import { Notice } from '../frame/notice.tsx';
import { isConnected } from '../nodes/node-filter.ts';
import { Moment } from '../time/moment.tsx';
import { ReleaseChoice, releaseKey } from './release-choice.tsx';
import { useStageUpgrade } from './stage-upgrade.tsx';
import { isReleaseVersion, versionRelation } from './version-relation.ts';
import styles from './upgrade-dialog.module.css';

const TYPED = 'typed';

interface Choice {
  readonly key: string | null;
  readonly version: string;
  readonly channel: string;
}

type Consent = Pick<RequestUpgrade, 'queue' | 'in_maintenance'>;

const requestOf = (choice: Choice, releases: readonly ReleaseView[], consent: Consent): RequestUpgrade | null => {
  const listed = releases.find((release) => releaseKey(release) === choice.key);
  if (listed) return { version: listed.version, channel: listed.channel, ...consent };
  return choice.key === TYPED && isReleaseVersion(choice.version)
    ? { version: choice.version, channel: choice.channel || 'stable', ...consent }
    : null;
};

function TypedVersion({ choice, setChoice }: { readonly choice: Choice; readonly setChoice: (choice: Choice) => void }) {
  const isWrong = choice.key === TYPED && choice.version !== '' && !isReleaseVersion(choice.version);
  const set = (change: Partial<Choice>) => setChoice({ ...choice, ...change, key: TYPED });
  return (
    <Group gap="sm" align="flex-start" grow preventGrowOverflow={false}>
      <TextInput
        label="Or another version"
        placeholder="1.4.2"
        maxLength={64}
        value={choice.version}
        error={isWrong && 'An exact version such as 1.4.2, without a leading v.'}
        onChange={(event) => set({ version: event.currentTarget.value.trim() })}
      />
      <TextInput
        label="Its channel"
        placeholder="stable"
        maxLength={32}
        value={choice.channel}
        onChange={(event) => set({ channel: event.currentTarget.value.trim() })}
      />
    </Group>
  );
}

function UpgradeForm({ node, onClose }: { readonly node: NodeView; readonly onClose: () => void }) {
  const releases = useQuery(releasesQuery(useCaller(), node.device_type));
  const navigate = useNavigate();
  const stage = useStageUpgrade(onClose, (path) => void navigate(path));
  const [choice, setChoice] = useState<Choice>({ key: null, version: '', channel: '' });
  const [queue, setQueue] = useState(false);
  const [inMaintenance, setInMaintenance] = useState(false);
  const isOffline = !isConnected(node.connection);
  const request = requestOf(choice, releases.data?.items ?? [], {
    queue: isOffline && queue,
    in_maintenance: node.maintenance !== null && inMaintenance,
  });
  const isReturn = request !== null && versionRelation(request.version, node.software_version) === 'older';
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (request !== null) stage.mutate({ node, request });
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="md">
        <Text size="sm">
          Runs <span className={styles.version}>{node.software_version ?? 'an unknown version'}</span>. The node checks signature, signer
          and its own policy before it changes anything.
        </Text>
        {releases.isError && <ErrorNotice error={releases.error} onRetry={() => void releases.refetch()} />}
        {releases.data?.stale && (
          <Notice tone="caution" title="The release source does not answer">
            This is its list from <Moment at={releases.data.fetched_at} />.
          </Notice>
        )}
        {releases.isPending && (
          <Stack gap={8} aria-label="Loading releases">
            {[0, 1, 2].map((index) => (
              <Skeleton key={index} height={58} radius="md" />
            ))}
          </Stack>
        )}
        {releases.data?.items.length === 0 && (
          <Text c="dimmed" size="sm">
            The release source lists nothing for {node.device_type}. You can type a version below.
          </Text>
        )}
        {(releases.data?.items.length ?? 0) > 0 && (
          <Radio.Group
            label={`Newest releases of ${node.device_type}`}
            value={choice.key}
            onChange={(key) => setChoice({ ...choice, key })}
          >
            <div className={styles.releases}>
              {releases.data?.items.map((release) => (
                <ReleaseChoice key={releaseKey(release)} release={release} running={node.software_version} />
              ))}
            </div>
          </Radio.Group>
        )}
        <TypedVersion choice={choice} setChoice={setChoice} />
        {isOffline && (
          <Checkbox
            checked={queue}
            onChange={(event) => setQueue(event.currentTarget.checked)}
            label="Start when the node is back"
            description="It is not connected now; without this the request is refused."
          />
        )}
        {node.maintenance && (
          <Checkbox
            checked={inMaintenance}
            onChange={(event) => setInMaintenance(event.currentTarget.checked)}
            label="Also while it is in maintenance"
            description={`By ${node.maintenance.by}: ${node.maintenance.reason}. Without this the request is refused.`}
          />
        )}
        {/* Stays in sight however long the list is, and with it why a request was refused. */}
        <div className={styles.actions}>
          {stage.isError && <ErrorNotice error={stage.error} />}
          <Group justify="flex-end" gap="sm">
            <Button variant="default" onClick={onClose}>
              Close
            </Button>
            <Button type="submit" disabled={request === null} loading={stage.isPending}>
              {isReturn ? 'Stage return' : 'Stage upgrade'}
            </Button>
          </Group>
        </div>
      </Stack>
    </form>
  );
}

/** Open while `node` is set; follows the node live, so that what runs and whether it is connected stay true. */
export function UpgradeDialog({ node, onClose }: { readonly node: NodeView | null; readonly onClose: () => void }) {
  return (
    <Modal.Root opened={node !== null} onClose={onClose} size="lg" centered>
      <Modal.Overlay />
      <Modal.Content>
        {/* Not Modal.Header: its <header> would be a second banner of the page. */}
        <div className={styles.head}>
          <Modal.Title className={styles.title}>Upgrade {node?.name}</Modal.Title>
          <Modal.CloseButton aria-label="Close" />
        </div>
        <Modal.Body>{node && <UpgradeForm key={node.id} node={node} onClose={onClose} />}</Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}
