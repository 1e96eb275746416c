import { Checkbox, NativeSelect, Text, TextInput } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import { useQuery } from '@tanstack/react-query';
import type { NodeView } from '@tidegate/contract-api';
import { useState } from 'react';
import { useCaller } from '../api/caller-context.ts';
import { groupsQuery, KEYS } from '../api/queries.ts';
import { useAct } from '../api/use-act.ts';
import { ActForm } from '../frame/act-form.tsx';
import { Dialog } from '../frame/dialog.tsx';
import { TypedConfirmation } from '../frame/typed-confirmation.tsx';
import { isConnected } from '../nodes/node-filter.ts';
import { useMay } from '../session/use-may.ts';
import { changesOfNode } from './changes-of-node.ts';

interface DialogProps {
  readonly node: NodeView;
  readonly onClose: () => void;
}

const REASONS = {
  maintenance: {
    route: 'startNodeMaintenance',
    title: 'Start maintenance',
    text: 'It takes no part in rollouts until the maintenance ends. The node itself goes on as it is, and single upgrades stay possible to whoever asks for them all the same.',
    placeholder: 'Moving to another rack',
  },
  revoke: {
    route: 'revokeNode',
    title: 'Revoke its key',
    text: 'The node is cut off at once and stays out until it is enrolled again with a new registration token.',
    placeholder: 'The machine was stolen',
  },
  release: {
    route: 'releaseNode',
    title: 'Release from quarantine',
    text: 'Do so once you know which machine is the right one and the other was enrolled anew.',
    placeholder: 'The clone was switched off',
  },
} as const;

export function ReasonDialog({ way, node, onClose }: DialogProps & { readonly way: keyof typeof REASONS }) {
  const { route, title, text, placeholder } = REASONS[way];
  const [reason, setReason] = useState('');
  const [confirmed, setConfirmed] = useState('');
  const act = useAct(route, { changes: changesOfNode(node.id), onDone: onClose });
  const needsName = way === 'revoke';
  return (
    <Dialog title={`${title}: ${node.name}`} isOpen onClose={onClose}>
      <ActForm
        submit={title}
        isGrave={needsName}
        isReady={reason.trim() !== '' && (!needsName || confirmed === node.name)}
        act={act}
        onClose={onClose}
        onSubmit={() => act.mutate({ parameters: { id: node.id }, body: { reason: reason.trim() } })}
      >
        <Text size="sm">{text}</Text>
        <TextInput
          label="Why"
          placeholder={placeholder}
          maxLength={200}
          data-autofocus
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
        {needsName && <TypedConfirmation word={node.name} value={confirmed} onChange={setConfirmed} />}
      </ActForm>
    </Dialog>
  );
}

export function RenameDialog({ node, onClose }: DialogProps) {
  const [name, setName] = useState(node.display_name ?? '');
  const act = useAct('updateNode', { changes: changesOfNode(node.id), onDone: onClose });
  const save = () =>
    act.mutate({ parameters: { id: node.id }, body: { display_name: name.trim() === '' ? null : name.trim() }, revision: node.revision });
  return (
    <Dialog title={`Rename ${node.name}`} isOpen onClose={onClose}>
      <ActForm submit="Save the name" act={act} onClose={onClose} onSubmit={save}>
        <TextInput
          label="Name to show"
          description="Empty: the name that the node gives itself."
          maxLength={128}
          data-autofocus
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
      </ActForm>
    </Dialog>
  );
}

export function MoveDialog({ node, onClose }: DialogProps) {
  const may = useMay();
  const groups = useQuery(groupsQuery(useCaller()));
  const [group, setGroup] = useState('');
  const act = useAct('moveNode', { changes: [...changesOfNode(node.id), KEYS.groups], onDone: onClose });
  const others = groups.data?.items.filter(({ id, name }) => name !== node.group && may('node.move', { groupId: id })) ?? [];
  return (
    <Dialog title={`Move ${node.name}`} isOpen onClose={onClose}>
      <ActForm
        submit="Move"
        isReady={group !== ''}
        act={act}
        onClose={onClose}
        onSubmit={() => act.mutate({ parameters: { id: node.id }, body: { group } })}
      >
        <Text size="sm">
          It is in {node.group}. People of that group no longer see it, those of the new one do; its history goes with it.
        </Text>
        {groups.isSuccess && others.length === 0 ? (
          <Text size="sm" c="dimmed">
            There is no other group of which you are an admin.
          </Text>
        ) : (
          <NativeSelect
            label="New group"
            data={['', ...others.map(({ name }) => name)]}
            value={group}
            onChange={(event) => setGroup(event.currentTarget.value)}
          />
        )}
      </ActForm>
    </Dialog>
  );
}

export function ReturnDialog({ node, onClose }: DialogProps) {
  const [queue, setQueue] = useState(false);
  const act = useAct('returnNode', { changes: [...changesOfNode(node.id), KEYS.upgrades(node.id)], onDone: onClose });
  const isOffline = !isConnected(node.connection);
  const version = node.previous_version;
  return (
    <Dialog title={`Return ${node.name}`} isOpen onClose={onClose}>
      <ActForm
        submit={`Return to ${version ?? 'the previous version'}`}
        act={act}
        onClose={onClose}
        onSubmit={() =>
          act.mutate({
            parameters: { id: node.id },
            body: { queue: isOffline && queue, ...(version !== null && { version }) },
          })
        }
      >
        <Text size="sm">
          From {node.software_version ?? 'an unknown version'} to {version}, which lies on its disk: nothing is fetched. It has to prove
          itself like every version.
        </Text>
        {isOffline && (
          <Checkbox
            label="Start when the node is back"
            description="It is not connected now; without this the request is refused."
            checked={queue}
            onChange={(event) => setQueue(event.currentTarget.checked)}
          />
        )}
      </ActForm>
    </Dialog>
  );
}

export function RemoveDialog({ node, onClose }: DialogProps) {
  const [confirmed, setConfirmed] = useState('');
  const act = useAct('removeNode', {
    changes: changesOfNode(node.id),
    onDone: () => {
      notifications.show({ color: 'tide', title: `${node.name} was removed`, message: 'Its history stays readable under its id.' });
      onClose();
    },
  });
  return (
    <Dialog title={`Remove ${node.name}`} isOpen onClose={onClose}>
      <ActForm
        submit="Remove the node"
        isGrave
        isReady={confirmed === node.name}
        act={act}
        onClose={onClose}
        onSubmit={() => act.mutate({ parameters: { id: node.id } })}
      >
        <Text size="sm">
          It leaves every list and count, and its key is not accepted any more. What runs on the machine goes on running. This cannot be
          undone: to have it back, enrol it again.
        </Text>
        <TypedConfirmation word={node.name} value={confirmed} onChange={setConfirmed} />
      </ActForm>
    </Dialog>
  );
}
