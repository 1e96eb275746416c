import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useCaller } from '../api/caller-context.ts';
import { forgetAllButSession, KEYS } from '../api/queries.ts';

export const useSignOut = () => {
  const caller = useCaller();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: () => caller.ask('signOut'),
    onSuccess: () => {
      queryClient.setQueryData(KEYS.session, null);
      forgetAllButSession(queryClient);
    },
  });
};
