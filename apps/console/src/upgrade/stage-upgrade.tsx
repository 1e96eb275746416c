import { notifications } from '@mantine/notifications';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import type { NodeView, RequestUpgrade } from '@tidegate/contract-api';
import { useCaller } from '../api/caller-context.ts';
import { KEYS } from '../api/queries.ts';
import styles from './upgrade-dialog.module.css';

/** Asks the manager for the upgrade. What is shown afterwards comes from the stream: the answer only says that it was taken. */
export const useStageUpgrade = (onStaged: () => void, navigate: (path: string) => void) => {
  const caller = useCaller();
  const client = useQueryClient();
  return useMutation({
    mutationFn: ({ node, request }: { readonly node: NodeView; readonly request: RequestUpgrade }) =>
      caller.ask('requestUpgrade', { parameters: { id: node.id }, body: request }),
    onSuccess: (answer, { node }) => {
      for (const queryKey of [KEYS.lists, KEYS.counts, KEYS.node(node.id), KEYS.upgrades(node.id)])
        void client.invalidateQueries({ queryKey });
      const path = `/admin/nodes/${node.id}#upgrade`;
      notifications.show({
        color: 'tide',
        title: 'state' in answer ? `${answer.version} staged for ${node.name}` : `${node.name} runs ${answer.running_version} already`,
        // Outside the router's tree, hence a plain link that hands over to it.
        message: (
          <a
            className={styles.toastLink}
            href={path}
            onClick={(event) => {
              event.preventDefault();
              navigate(path);
            }}
          >
            Watch its progress
          </a>
        ),
      });
      onStaged();
    },
  });
};

export const useCancelUpgrade = (nodeId: string) => {
  const caller = useCaller();
  const client = useQueryClient();
  return useMutation({
    mutationFn: (upgradeId: string) => caller.ask('cancelUpgrade', { parameters: { id: upgradeId } }),
    onSettled: () => {
      for (const queryKey of [KEYS.lists, KEYS.node(nodeId), KEYS.upgrades(nodeId)]) void client.invalidateQueries({ queryKey });
    },
  });
};
