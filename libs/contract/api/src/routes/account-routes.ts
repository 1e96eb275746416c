import { changePassword, ownSessionList } from '../accounts.ts';
import { apiTokenList, createApiToken, createdApiToken } from '../api-tokens.ts';
import { sessionView } from '../requests.ts';
import {
  beginSecondFactor,
  confirmSecondFactor,
  recoveryCodes,
  removeSecondFactor,
  secondFactorSecret,
  secondFactorView,
} from '../second-factor.ts';
import { route } from '../route.ts';

/** What people do with their own account. */
export const accountRoutes = {
  changePassword: route({
    method: 'PUT',
    path: '/api/v1/account/password',
    access: 'account.own',
    summary: 'Change the own password; ends every other session and gives this one a new cookie and CSRF token.',
    body: changePassword,
    answer: sessionView,
  }),
  readSecondFactor: route({
    method: 'GET',
    path: '/api/v1/account/second-factor',
    access: 'account.own',
    summary: 'Whether signing in takes a code of an authenticator app too.',
    answer: secondFactorView,
  }),
  beginSecondFactor: route({
    method: 'POST',
    path: '/api/v1/account/second-factor',
    access: 'account.own',
    summary: 'Make the secret of a second factor, shown once; it counts from confirmSecondFactor on.',
    body: beginSecondFactor,
    answer: secondFactorSecret,
    status: 201,
  }),
  confirmSecondFactor: route({
    method: 'PUT',
    path: '/api/v1/account/second-factor',
    access: 'account.own',
    summary: 'Turn the second factor on with a first code; answers with the recovery codes, shown once, and ends every other session.',
    body: confirmSecondFactor,
    answer: recoveryCodes,
  }),
  removeSecondFactor: route({
    method: 'POST',
    path: '/api/v1/account/second-factor/removal',
    access: 'account.own',
    summary: 'Turn the own second factor off, with the password and a code.',
    body: removeSecondFactor,
    status: 204,
  }),
  listOwnSessions: route({
    method: 'GET',
    path: '/api/v1/account/sessions',
    access: 'account.own',
    summary: 'Where the caller is signed in.',
    answer: ownSessionList,
  }),
  endOtherSessions: route({
    method: 'DELETE',
    path: '/api/v1/account/sessions',
    access: 'account.own',
    summary: 'End every own session but this one.',
    status: 204,
  }),
  endOwnSession: route({
    method: 'DELETE',
    path: '/api/v1/account/sessions/:id',
    access: 'account.own',
    summary: 'End one own session.',
    status: 204,
  }),
  listApiTokens: route({
    method: 'GET',
    path: '/api/v1/account/tokens',
    access: 'account.own',
    summary: 'The caller’s API tokens.',
    answer: apiTokenList,
  }),
  createApiToken: route({
    method: 'POST',
    path: '/api/v1/account/tokens',
    access: 'account.own',
    summary: 'Make an API token; it is shown once.',
    body: createApiToken,
    answer: createdApiToken,
    status: 201,
  }),
  revokeApiToken: route({
    method: 'DELETE',
    path: '/api/v1/account/tokens/:id',
    access: 'account.own',
    summary: 'Revoke an own API token.',
    status: 204,
  }),
};
