import type { ComponentType } from 'react';
import { createBrowserRouter, Navigate } from 'react-router';
import { AppFrame } from './frame/app-frame.tsx';
import { PageFailed, PageNotFound } from './frame/page-failed.tsx';
import { PageLoading } from './frame/page-loading.tsx';
import { NodesPage } from './nodes/nodes-page.tsx';
import { RequireSession } from './session/require-session.tsx';
import { SignInPage } from './session/sign-in-page.tsx';

/** Only what most people see first comes with the first load. */
const later =
  <M,>(load: () => Promise<M>, page: (loaded: M) => ComponentType) =>
  async () => ({ Component: page(await load()) });

export const router = createBrowserRouter([
  { path: '/sign-in', element: <SignInPage />, errorElement: <PageFailed /> },
  {
    path: '/',
    element: (
      <RequireSession>
        <AppFrame />
      </RequireSession>
    ),
    errorElement: <PageFailed />,
    HydrateFallback: PageLoading,
    children: [
      { index: true, element: <Navigate to="/admin/nodes" replace /> },
      { path: 'admin', element: <Navigate to="/admin/nodes" replace /> },
      { path: 'admin/nodes', element: <NodesPage /> },
      {
        path: 'admin/nodes/:id',
        lazy: later(
          () => import('./node/node-page.tsx'),
          (loaded) => loaded.NodePage,
        ),
      },
      {
        path: 'admin/registration-tokens',
        lazy: later(
          () => import('./tokens/tokens-page.tsx'),
          (loaded) => loaded.TokensPage,
        ),
      },
      {
        path: 'admin/releases',
        lazy: later(
          () => import('./releases/releases-page.tsx'),
          (loaded) => loaded.ReleasesPage,
        ),
      },
      {
        path: 'admin/events',
        lazy: later(
          () => import('./events/events-page.tsx'),
          (loaded) => loaded.EventsPage,
        ),
      },
      {
        path: 'admin/audit',
        lazy: later(
          () => import('./audit/audit-page.tsx'),
          (loaded) => loaded.AuditPage,
        ),
      },
      {
        path: 'admin/groups',
        lazy: later(
          () => import('./groups/groups-page.tsx'),
          (loaded) => loaded.GroupsPage,
        ),
      },
      {
        path: 'admin/groups/:id',
        lazy: later(
          () => import('./groups/group-page.tsx'),
          (loaded) => loaded.GroupPage,
        ),
      },
      {
        path: 'admin/groups/:id/roll-out',
        lazy: later(
          () => import('./rollouts/begin-rollout-page.tsx'),
          (loaded) => loaded.BeginRolloutPage,
        ),
      },
      {
        path: 'admin/rollouts',
        lazy: later(
          () => import('./rollouts/rollouts-page.tsx'),
          (loaded) => loaded.RolloutsPage,
        ),
      },
      {
        path: 'admin/rollouts/:id',
        lazy: later(
          () => import('./rollouts/rollout-page.tsx'),
          (loaded) => loaded.RolloutPage,
        ),
      },
      {
        path: 'admin/users',
        lazy: later(
          () => import('./users/users-page.tsx'),
          (loaded) => loaded.UsersPage,
        ),
      },
      {
        path: 'account',
        lazy: later(
          () => import('./account/account-page.tsx'),
          (loaded) => loaded.AccountPage,
        ),
      },
      { path: '*', element: <PageNotFound /> },
    ],
  },
]);
