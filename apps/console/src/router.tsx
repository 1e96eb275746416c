import { createBrowserRouter, Navigate } from 'react-router';
import { AppFrame } from './frame/app-frame.tsx';
import { PageFailed, PageNotFound } from './frame/page-failed.tsx';
import { NodePage } from './node/node-page.tsx';
import { NodesPage } from './nodes/nodes-page.tsx';
import { RequireSession } from './session/require-session.tsx';
import { SignInPage } from './session/sign-in-page.tsx';

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
    children: [
      { index: true, element: <Navigate to="/admin/nodes" replace /> },
      { path: 'admin', element: <Navigate to="/admin/nodes" replace /> },
      { path: 'admin/nodes', element: <NodesPage /> },
      { path: 'admin/nodes/:id', element: <NodePage /> },
      { path: '*', element: <PageNotFound /> },
    ],
  },
]);
