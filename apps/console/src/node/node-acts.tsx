import { Button, Menu } from '@mantine/core';
import { notifications } from '@mantine/notifications';
import type { NodeView } from '@tidegate/contract-api';
import { useState } from 'react';
import { useAct } from '../api/use-act.ts';
import { ErrorNotice } from '../frame/error-notice.tsx';
import { targetOf, useMay } from '../session/use-may.ts';
import { changesOfNode } from './changes-of-node.ts';
import { MoveDialog, ReasonDialog, RemoveDialog, RenameDialog, ReturnDialog } from './node-act-dialogs.tsx';

type Asked = 'maintenance' | 'rename' | 'move' | 'return' | 'revoke' | 'release' | 'remove';

/** What is asked less often than an upgrade. Only what this person may do with this node is there. */
export function NodeActs({ node }: { readonly node: NodeView }) {
  const may = useMay();
  const [asked, ask] = useState<Asked | null>(null);
  const rotate = useAct('rotateNodeKey', {
    changes: changesOfNode(node.id),
    onDone: () => notifications.show({ color: 'tide', title: 'New key asked for', message: `${node.name} renews it as soon as it can.` }),
  });
  const endMaintenance = useAct('endNodeMaintenance', { changes: changesOfNode(node.id) });
  const can = (action: Parameters<typeof may>[0]) => may(action, targetOf(node));
  const isKnown = node.removed_at === null;
  const items = [
    can('node.maintenance') &&
      (node.maintenance === null
        ? { label: 'Start maintenance…', run: () => ask('maintenance') }
        : { label: 'End maintenance', run: () => endMaintenance.mutate({ parameters: { id: node.id } }) }),
    can('node.return') && node.previous_version !== null && { label: `Return to ${node.previous_version}…`, run: () => ask('return') },
    can('node.label') && { label: 'Rename…', run: () => ask('rename') },
    can('node.move') && { label: 'Move to another group…', run: () => ask('move') },
    can('node.rotate_key') &&
      node.revoked_at === null && { label: 'Renew its key', run: () => rotate.mutate({ parameters: { id: node.id } }) },
    can('node.release') && node.quarantine !== null && { label: 'Release from quarantine…', run: () => ask('release') },
    can('node.revoke') && node.revoked_at === null && { label: 'Revoke its key…', isGrave: true, run: () => ask('revoke') },
    can('node.remove') && { label: 'Remove…', isGrave: true, run: () => ask('remove') },
  ].filter((item) => item !== false);
  if (!isKnown || items.length === 0) return null;
  const close = () => ask(null);
  return (
    <>
      <Menu position="bottom-end" withinPortal={false} withInitialFocusPlaceholder={false}>
        <Menu.Target>
          <Button variant="default" loading={rotate.isPending || endMaintenance.isPending}>
            More…
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          {items.map((item) => (
            <Menu.Item key={item.label} onClick={item.run} {...('isGrave' in item && { c: 'var(--tg-bad)' })}>
              {item.label}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      {[rotate, endMaintenance].map((act, index) => act.isError && <ErrorNotice key={index} error={act.error} />)}
      {asked === 'maintenance' && <ReasonDialog way="maintenance" node={node} onClose={close} />}
      {asked === 'revoke' && <ReasonDialog way="revoke" node={node} onClose={close} />}
      {asked === 'release' && <ReasonDialog way="release" node={node} onClose={close} />}
      {asked === 'rename' && <RenameDialog node={node} onClose={close} />}
      {asked === 'move' && <MoveDialog node={node} onClose={close} />}
      {asked === 'return' && <ReturnDialog node={node} onClose={close} />}
      {asked === 'remove' && <RemoveDialog node={node} onClose={close} />}
    </>
  );
}
