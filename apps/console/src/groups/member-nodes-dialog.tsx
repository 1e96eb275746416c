import { Checkbox, MultiSelect, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import type { MemberView } from '@tidegate/contract-api';
import { useState } from 'react';
import { useCaller } from '../api/caller-context.ts';
import { nodesOfGroupQuery } from '../api/queries.ts';
import { useAct } from '../api/use-act.ts';
import { ActForm } from '../frame/act-form.tsx';
import { Dialog } from '../frame/dialog.tsx';
import { CHANGES_OF_MEMBERS } from './changes-of-members.ts';

const TYPING_MS = 200;
/** Bound by what a membership may hold. */
const MAX_NODES = 500;

interface MemberNodesDialogProps {
  readonly groupId: string;
  readonly member: MemberView;
  readonly onClose: () => void;
}

/** Which of the group's nodes a member reaches. What is typed is looked for by the manager: a group may have 100,000. */
export function MemberNodesDialog({ groupId, member, onClose }: MemberNodesDialogProps) {
  const [isLimited, setIsLimited] = useState(member.node_ids !== null);
  const [chosen, setChosen] = useState<string[]>(member.node_ids ?? []);
  const [typed, setTyped] = useState('');
  const [search] = useDebouncedValue(typed.trim(), TYPING_MS);
  const nodes = useQuery({ ...nodesOfGroupQuery(useCaller(), groupId, search), placeholderData: keepPreviousData });
  const act = useAct('putMember', { changes: CHANGES_OF_MEMBERS, onDone: onClose });
  const found = (nodes.data?.items ?? []).map(({ id, name }) => ({ value: id, label: name }));
  // Chosen earlier and not among what was found: still shown, by what is known of it.
  const others = chosen.filter((id) => !found.some(({ value }) => value === id)).map((id) => ({ value: id, label: id.slice(0, 8) }));
  return (
    <Dialog title={`Nodes of ${member.username}`} isOpen onClose={onClose}>
      <ActForm
        submit="Save"
        isReady={!isLimited || chosen.length > 0}
        act={act}
        onClose={onClose}
        onSubmit={() =>
          act.mutate({
            parameters: { id: groupId, username: member.username },
            body: { role: member.role, node_ids: isLimited ? chosen : null },
          })
        }
      >
        <Text size="sm">
          As {member.role} of this group, {member.username} reaches every node of it, or only those chosen here.
        </Text>
        <Checkbox label="Only some nodes" checked={isLimited} onChange={(event) => setIsLimited(event.currentTarget.checked)} />
        {isLimited && (
          <MultiSelect
            label="These nodes"
            placeholder={chosen.length === 0 ? 'Type a part of a name' : ''}
            data={[...found, ...others]}
            value={chosen}
            onChange={setChosen}
            searchValue={typed}
            onSearchChange={setTyped}
            maxValues={MAX_NODES}
            nothingFoundMessage={nodes.isFetching ? 'Looking…' : 'No node of this group has such a name'}
            comboboxProps={{ withinPortal: true }}
            searchable
            hidePickedOptions
          />
        )}
      </ActForm>
    </Dialog>
  );
}
