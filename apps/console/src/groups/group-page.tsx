import { Anchor, Button, Skeleton, Stack, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { updateGroup, type GroupView } from '@tidegate/contract-api';
import { useState } from 'react';
import { Link, useNavigate, useParams } from 'react-router';
import { useCaller } from '../api/caller-context.ts';
import { groupQuery, KEYS } from '../api/queries.ts';
import { useAct } from '../api/use-act.ts';
import { ActForm } from '../frame/act-form.tsx';
import { Dialog } from '../frame/dialog.tsx';
import { ErrorNotice } from '../frame/error-notice.tsx';
import { PageHead } from '../frame/page-head.tsx';
import { TypedConfirmation } from '../frame/typed-confirmation.tsx';
import { useMay } from '../session/use-may.ts';
import { MemberList } from './member-list.tsx';

interface FormProps {
  readonly group: GroupView;
  readonly onClose: () => void;
}

function RenameGroup({ group, onClose }: FormProps) {
  const [name, setName] = useState(group.name);
  const act = useAct('updateGroup', { changes: [KEYS.groups, KEYS.lists, KEYS.counts], onDone: onClose });
  return (
    <ActForm
      submit="Save the name"
      isReady={updateGroup.safeParse({ name: name.trim() }).success}
      act={act}
      onClose={onClose}
      onSubmit={() => act.mutate({ parameters: { id: group.id }, body: { name: name.trim() }, revision: group.revision })}
    >
      <TextInput label="Name" maxLength={64} data-autofocus value={name} onChange={(event) => setName(event.currentTarget.value)} />
    </ActForm>
  );
}

function RemoveGroup({ group, onClose }: FormProps) {
  const navigate = useNavigate();
  const [confirmed, setConfirmed] = useState('');
  const act = useAct('removeGroup', { changes: [KEYS.groups], onDone: () => void navigate('/admin/groups') });
  return (
    <ActForm
      submit="Remove the group"
      isGrave
      isReady={confirmed === group.name}
      act={act}
      onClose={onClose}
      onSubmit={() => act.mutate({ parameters: { id: group.id } })}
    >
      <Text size="sm">Its memberships and registration tokens go with it. A group that still has nodes is refused: move them first.</Text>
      <TypedConfirmation word={group.name} value={confirmed} onChange={setConfirmed} />
    </ActForm>
  );
}

export function GroupPage() {
  const { id = '' } = useParams();
  const may = useMay();
  const group = useQuery(groupQuery(useCaller(), id));
  const [asked, ask] = useState<'rename' | 'remove' | null>(null);
  const close = () => ask(null);
  if (group.isError) return <ErrorNotice error={group.error} onRetry={() => void group.refetch()} />;
  if (!group.data) return <Skeleton height={120} radius="md" aria-label="Loading the group" />;
  return (
    <Stack gap="md">
      <Anchor component={Link} size="sm" w="fit-content" to="/admin/groups">
        All groups
      </Anchor>
      <PageHead title={group.data.name} text={`${group.data.nodes.toLocaleString()} ${group.data.nodes === 1 ? 'node' : 'nodes'}`}>
        {may('rollout.manage', { groupId: id }) && (
          <Button component={Link} to={`/admin/groups/${id}/roll-out`}>
            Roll out…
          </Button>
        )}
        <Button component={Link} variant="default" to={`/admin/rollouts?group=${encodeURIComponent(group.data.name)}`}>
          Its rollouts
        </Button>
        {may('group.update', { groupId: id }) && (
          <Button variant="default" onClick={() => ask('rename')}>
            Rename…
          </Button>
        )}
        {may('group.remove') && (
          <Button variant="default" onClick={() => ask('remove')}>
            Remove…
          </Button>
        )}
      </PageHead>
      {may('member.read', { groupId: id }) ? (
        <MemberList groupId={id} />
      ) : (
        <Text c="dimmed">Admins of the group see and change who is in it.</Text>
      )}
      <Dialog title={`Rename ${group.data.name}`} isOpen={asked === 'rename'} onClose={close}>
        <RenameGroup group={group.data} onClose={close} />
      </Dialog>
      <Dialog title={`Remove ${group.data.name}`} isOpen={asked === 'remove'} onClose={close}>
        <RemoveGroup group={group.data} onClose={close} />
      </Dialog>
    </Stack>
  );
}
