import { createdUser, createUser, listUsers, passwordReset, updateUser, userPage, userView } from '../accounts.ts';
import { apiTokenList } from '../api-tokens.ts';
import { route } from '../route.ts';

export const userRoutes = {
  listUsers: route({
    method: 'GET',
    path: '/api/v1/users',
    access: 'user.read',
    summary: 'Users by name, filtered and paged.',
    query: listUsers,
    answer: userPage,
  }),
  createUser: route({
    method: 'POST',
    path: '/api/v1/users',
    access: 'user.manage',
    summary: 'Create a user, with a password or a one-time password that is shown once.',
    body: createUser,
    answer: createdUser,
    status: 201,
  }),
  readUser: route({ method: 'GET', path: '/api/v1/users/:id', access: 'user.read', summary: 'One user.', answer: userView }),
  updateUser: route({
    method: 'PATCH',
    path: '/api/v1/users/:id',
    access: 'user.manage',
    summary: 'Change role, expiry, or disable; a changed role or a disabled user ends their sessions.',
    body: updateUser,
    answer: userView,
    revisioned: true,
  }),
  removeUser: route({
    method: 'DELETE',
    path: '/api/v1/users/:id',
    access: 'user.manage',
    summary: 'Remove a user with their sessions, tokens and memberships.',
    status: 204,
  }),
  resetPassword: route({
    method: 'POST',
    path: '/api/v1/users/:id/password-reset',
    access: 'user.manage',
    summary: 'Replace the password by a one-time password, shown once; ends the user’s sessions.',
    answer: passwordReset,
    status: 200,
  }),
  unlockUser: route({
    method: 'POST',
    path: '/api/v1/users/:id/unlock',
    access: 'user.manage',
    summary: 'Lift the lock that failed sign-ins brought.',
    status: 204,
  }),
  resetSecondFactor: route({
    method: 'DELETE',
    path: '/api/v1/users/:id/second-factor',
    access: 'user.manage',
    summary: 'Turn a user’s second factor off, for somebody who lost it; ends their sessions.',
    status: 204,
  }),
  endUserSessions: route({
    method: 'DELETE',
    path: '/api/v1/users/:id/sessions',
    access: 'user.manage',
    summary: 'End every session of a user.',
    status: 204,
  }),
  listUserTokens: route({
    method: 'GET',
    path: '/api/v1/users/:id/tokens',
    access: 'user.read',
    summary: 'API tokens of a user.',
    answer: apiTokenList,
  }),
  revokeUserToken: route({
    method: 'DELETE',
    path: '/api/v1/users/:id/tokens/:token_id',
    access: 'user.manage',
    summary: 'Revoke an API token of a user.',
    status: 204,
  }),
};
