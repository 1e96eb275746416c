import { Autocomplete, Button, Group, NativeSelect, Stack, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { createRegistrationToken, type NodeCounts } from '@tidegate/contract-api';
import { useState } from 'react';
import { useCaller } from '../api/caller-context.ts';
import { groupsQuery, KEYS } from '../api/queries.ts';
import { useAct } from '../api/use-act.ts';
import { ActForm } from '../frame/act-form.tsx';
import { Dialog } from '../frame/dialog.tsx';
import { ShownOnce } from '../frame/shown-once.tsx';
import { useMay } from '../session/use-may.ts';
import { localText } from '../time/relative-time.ts';

const LIFETIMES = [
  { value: '3600', label: 'One hour' },
  { value: '86400', label: 'One day' },
  { value: '604800', label: 'Seven days' },
];

/** What nodes there are already, from the counts somebody has looked at. */
const useDeviceTypes = (): string[] => {
  const cached = useQueryClient().getQueriesData<NodeCounts>({ queryKey: KEYS.counts });
  const found = cached.flatMap(([, counts]) => counts?.device_types.map(({ device_type: name }) => name) ?? []);
  return [...new Set(found)];
};

function AddNodeForm({ onClose }: { readonly onClose: () => void }) {
  const may = useMay();
  const groups = useQuery(groupsQuery(useCaller()));
  const names = groups.data?.items.filter(({ id }) => may('registration_token.create', { groupId: id })).map(({ name }) => name) ?? [];
  const known = useDeviceTypes();
  const [group, setGroup] = useState('');
  const [deviceType, setDeviceType] = useState(known[0] ?? 'tidegate-edge');
  const [ttl, setTtl] = useState('3600');
  const create = useAct('createRegistrationToken', { changes: [KEYS.registrationTokens] });
  const chosen = group || (names.includes('default') ? 'default' : (names[0] ?? ''));
  if (create.data)
    return (
      <Stack gap="md">
        <ShownOnce
          label="Run this on the machine, as root"
          value={create.data.install_command}
          note="The agent has to be installed there. The token in it admits one node, once, and is not shown again."
        />
        <Text size="sm">
          It is for a {create.data.device_type} of group {create.data.group} and ends {localText(create.data.expires_at)}. The node shows up
          in the list by itself.
        </Text>
        <Group justify="flex-end">
          <Button variant="default" onClick={() => create.reset()}>
            Another one
          </Button>
          <Button onClick={onClose}>Done</Button>
        </Group>
      </Stack>
    );
  const isTypeFit = createRegistrationToken.shape.device_type.safeParse(deviceType).success;
  return (
    <ActForm
      submit="Make the token"
      isReady={chosen !== '' && isTypeFit}
      act={create}
      onClose={onClose}
      onSubmit={() => create.mutate({ body: { group: chosen, device_type: deviceType, ttl_secs: Number(ttl) } })}
    >
      <Text size="sm" c="dimmed">
        A registration token admits one node. It goes onto the machine in one command.
      </Text>
      <NativeSelect label="Group" data={names} value={chosen} onChange={(event) => setGroup(event.currentTarget.value)} />
      <Autocomplete
        label="Device type"
        data={known}
        maxLength={64}
        value={deviceType}
        error={!isTypeFit && deviceType !== '' && 'Small letters, digits and dashes.'}
        onChange={setDeviceType}
      />
      <NativeSelect label="Valid for" data={LIFETIMES} value={ttl} onChange={(event) => setTtl(event.currentTarget.value)} />
    </ActForm>
  );
}

export function AddNodeDialog({ isOpen, onClose }: { readonly isOpen: boolean; readonly onClose: () => void }) {
  return (
    <Dialog title="Add a node" isOpen={isOpen} onClose={onClose}>
      <AddNodeForm onClose={onClose} />
    </Dialog>
  );
}
