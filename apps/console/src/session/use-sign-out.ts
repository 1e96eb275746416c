import { useMutation, useQueryClient } from '@tanstack/react-query';
import { apiPath } from '@tidegate/contract-api';
import { useCaller } from '../api/caller-context.ts';
import { forgetAllButSession, KEYS, sessionQuery, signInMethodsQuery } from '../api/queries.ts';

export const useSignOut = () => {
  const caller = useCaller();
  const queryClient = useQueryClient();
  return useMutation({
    mutationFn: () => caller.ask('signOut'),
    onMutate: async () => {
      const session = await queryClient.ensureQueryData(sessionQuery(caller));
      const { oidc } = await queryClient.ensureQueryData(signInMethodsQuery(caller));
      return { goesOn: session?.method === 'oidc' && oidc?.signs_out === true };
    },
    onSuccess: (_answer, _asked, { goesOn }) => {
      // The browser itself: the provider asks its person, and sends them back to the sign-in page.
      if (goesOn) return window.location.assign(apiPath('leaveOidc'));
      queryClient.setQueryData(KEYS.session, null);
      forgetAllButSession(queryClient);
    },
  });
};
