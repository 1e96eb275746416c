import { Button, Checkbox, Group, Modal, Stack, Text } from '@mantine/core';
import type { NodeView, RequestUpgrade } from '@tidegate/contract-api';
import { useState, type FormEvent } from 'react';
import { useNavigate } from 'react-router';
import { ErrorNotice } from '../frame/error-notice.tsx';
import { isConnected } from '../nodes/node-filter.ts';
import { ReleasePicker, useReleaseChoice } from './release-picker.tsx';
import { useStageUpgrade } from './stage-upgrade.tsx';
import { versionRelation } from './version-relation.ts';
import styles from './upgrade-dialog.module.css';

function UpgradeForm({ node, onClose }: { readonly node: NodeView; readonly onClose: () => void }) {
  const release = useReleaseChoice(node.device_type);
  const navigate = useNavigate();
  const stage = useStageUpgrade(onClose, (path) => void navigate(path));
  const [queue, setQueue] = useState(false);
  const [inMaintenance, setInMaintenance] = useState(false);
  const isOffline = !isConnected(node.connection);
  const request: RequestUpgrade | null = release.chosen && {
    ...release.chosen,
    queue: isOffline && queue,
    in_maintenance: node.maintenance !== null && inMaintenance,
  };
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
        <ReleasePicker of={release} running={node.software_version} />
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
