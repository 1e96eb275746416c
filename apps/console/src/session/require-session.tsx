import { Center } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Navigate, useLocation } from 'react-router';
import { useCaller } from '../api/caller-context.ts';
import { sessionQuery } from '../api/queries.ts';
import { ErrorNotice } from '../frame/error-notice.tsx';
import { PageLoading } from '../frame/page-loading.tsx';
import { LiveUpdates } from '../live/live-updates.tsx';
import { useMay } from './use-may.ts';

const ACCOUNT = '/account';

/** What is inside is seen by signed-in people only; the others come back here after signing in. */
export function RequireSession({ children }: { readonly children: ReactNode }) {
  const session = useQuery(sessionQuery(useCaller()));
  const may = useMay();
  const { pathname, search, hash } = useLocation();
  if (session.isPending) return <PageLoading />;
  if (session.isError && session.data === undefined)
    return (
      <Center h="100dvh" p="md">
        <ErrorNotice error={session.error} onRetry={() => void session.refetch()} />
      </Center>
    );
  if (!session.data) return <Navigate to={`/sign-in?from=${encodeURIComponent(pathname + search + hash)}`} replace />;
  // Everything but choosing a password, or turning a second factor on, is refused until then, the stream too.
  if (session.data.password_change_required || session.data.second_factor_setup_required)
    return pathname === ACCOUNT ? children : <Navigate to={ACCOUNT} replace />;
  // Whoever is in no group has nothing to follow, and would be refused.
  return may('node.read') ? <LiveUpdates>{children}</LiveUpdates> : children;
}
