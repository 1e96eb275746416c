import { signInMethods, startOidc } from '../oidc.ts';
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
  listSignInMethods: route({
    method: 'GET',
    path: '/api/v1/session/methods',
    access: 'public',
    summary: 'How one can sign in here.',
    answer: signInMethods,
  }),
  startOidcSignIn: route({
    method: 'GET',
    path: '/api/v1/session/oidc',
    access: 'public',
    summary: 'Begin a sign-in at the OpenID Connect provider: a browser is sent there.',
    query: startOidc,
    status: 302,
  }),
  finishOidcSignIn: route({
    method: 'GET',
    path: '/api/v1/session/oidc/callback',
    access: 'public',
    summary: 'Where the provider sends the browser back to; sets the session cookie, or leads to the sign-in page with an error code.',
    status: 302,
  }),
  leaveOidc: route({
    method: 'GET',
    path: '/api/v1/session/oidc/sign-out',
    access: 'public',
    summary: 'Send the browser to the provider’s own sign-out, where it has one.',
    status: 302,
  }),
  signOut: route({ method: 'DELETE', path: '/api/v1/session', access: 'session.own', summary: 'Sign out.', status: 204 }),
};
