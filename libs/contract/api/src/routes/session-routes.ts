import { sessionView, signIn } from '../requests.ts';
import { route } from '../route.ts';

export const sessionRoutes = {
  signIn: route({
    method: 'POST',
    path: '/api/v1/session',
    access: 'public',
    summary: 'Sign in; sets the session cookie.',
    body: signIn,
    answer: sessionView,
    status: 200,
  }),
  readSession: route({
    method: 'GET',
    path: '/api/v1/session',
    access: 'session.own',
    summary: 'Who is signed in.',
    answer: sessionView,
  }),
  signOut: route({ method: 'DELETE', path: '/api/v1/session', access: 'session.own', summary: 'Sign out.', status: 204 }),
};
