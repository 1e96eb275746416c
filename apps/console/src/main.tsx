import './zod-without-eval.ts';
import '@mantine/core/styles.css';
import '@mantine/notifications/styles.css';
import './app.css';
import { MantineProvider } from '@mantine/core';
import { Notifications } from '@mantine/notifications';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import type { ErrorCode } from '@tidegate/contract-errors';
import type { SessionView } from '@tidegate/contract-api';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { RouterProvider } from 'react-router';
import { ApiRefusal, createCaller } from './api/caller.ts';
import { CallerProvider } from './api/caller-context.ts';
import { KEYS } from './api/queries.ts';
import { router } from './router.tsx';
import { readableGreys, theme } from './theme.ts';

const OUTAGES: ReadonlySet<string> = new Set<ErrorCode>(['manager_unavailable', 'database_unavailable']);
/** With the doubling pauses of the query client: about half a minute, as long as a restart takes. */
const OUTAGE_RETRIES = 5;

const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      // The stream tells what changed; asking on every focus would only add load.
      refetchOnWindowFocus: false,
      // Outages of the manager and its database pass by themselves; every other refusal stays one until something is done.
      retry: (failures, error) => failures < OUTAGE_RETRIES && error instanceof ApiRefusal && OUTAGES.has(error.code),
    },
  },
});
/** Not `randomUUID`: browsers offer it to https pages and to loopback only. */
const newKey = (): string => Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
const caller = createCaller({
  fetch: (url, init) => fetch(url, init),
  newKey,
  csrfToken: () => queryClient.getQueryData<SessionView | null>(KEYS.session)?.csrf_token ?? null,
  onSignedOut: () => queryClient.setQueryData(KEYS.session, null),
});

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no element with id "root"');
createRoot(root).render(
  <StrictMode>
    <MantineProvider theme={theme} cssVariablesResolver={readableGreys} defaultColorScheme="auto">
      <QueryClientProvider client={queryClient}>
        <CallerProvider value={caller}>
          <RouterProvider router={router} />
          <Notifications position="bottom-right" autoClose={8000} />
        </CallerProvider>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
