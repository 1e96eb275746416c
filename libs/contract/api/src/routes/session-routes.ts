import { sessionView, signIn } from '../requests.ts';
import { completeSignIn, signInAnswer } from '../second-factor.ts';
import { route } from '../route.ts';

export const sessionRoutes = {
  signIn: route({
    method: 'POST',
    path: '/api/v1/session',
    access: 'public',
    summary: 'Sign in; sets the session cookie, or answers with the challenge of a second factor.',
    body: signIn,
    answer: signInAnswer,
    status: 200,
  }),
  completeSignIn: route({
    method: 'POST',
    path: '/api/v1/session/second-factor',
    access: 'public',
    summary: 'Answer the challenge of a sign-in with a code of the authenticator app, or a recovery code; sets the session cookie.',
    body: completeSignIn,
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
