import { nodeView } from '../node-view.ts';
import {
  countNodes,
  listNodes,
  moveNode,
  nodeCounts,
  nodeFacts,
  nodePage,
  releaseNode,
  replaceLabels,
  revokeNode,
  startMaintenance,
  updateNode,
} from '../node-requests.ts';
import {
  createRegistrationToken,
  listRegistrationTokens,
  registrationTokenInfo,
  registrationTokenPage,
  registrationTokenView,
} from '../registration-tokens.ts';
import { route } from '../route.ts';

const reading = {
  listNodes: route({
    method: 'GET',
    path: '/api/v1/nodes',
    access: 'node.read',
    summary: 'Nodes, filtered, sorted and paged.',
    query: listNodes,
    answer: nodePage,
  }),
  countNodes: route({
    method: 'GET',
    path: '/api/v1/nodes/counts',
    access: 'node.read',
    summary: 'How many nodes match, by connection, badge, version, group, device type and flags.',
    query: countNodes,
    answer: nodeCounts,
  }),
  readNode: route({
    method: 'GET',
    path: '/api/v1/nodes/:id',
    access: 'node.read',
    summary: 'One node, also one that was removed; its revision as ETag.',
    answer: nodeView,
  }),
  readNodeFacts: route({
    method: 'GET',
    path: '/api/v1/nodes/:id/facts',
    access: 'node.read',
    summary: 'What a node said of its host and itself last, its session and its key.',
    answer: nodeFacts,
  }),
};

const changing = {
  updateNode: route({
    method: 'PATCH',
    path: '/api/v1/nodes/:id',
    access: 'node.label',
    summary: 'Change display name and single labels.',
    body: updateNode,
    answer: nodeView,
    revisioned: true,
  }),
  replaceNodeLabels: route({
    method: 'PUT',
    path: '/api/v1/nodes/:id/labels',
    access: 'node.label',
    summary: 'Give a node exactly these labels.',
    body: replaceLabels,
    answer: nodeView,
    revisioned: true,
  }),
  startNodeMaintenance: route({
    method: 'PUT',
    path: '/api/v1/nodes/:id/maintenance',
    access: 'node.maintenance',
    summary: 'Take a node out of rollouts, until a time or until further notice.',
    body: startMaintenance,
    answer: nodeView,
  }),
  endNodeMaintenance: route({
    method: 'DELETE',
    path: '/api/v1/nodes/:id/maintenance',
    access: 'node.maintenance',
    summary: 'Let a node take part in rollouts again.',
    answer: nodeView,
  }),
  moveNode: route({
    method: 'POST',
    path: '/api/v1/nodes/:id/move',
    access: 'node.move',
    summary: 'Move a node to another group; needs an admin of both.',
    body: moveNode,
    answer: nodeView,
  }),
};

const ending = {
  rotateNodeKey: route({
    method: 'POST',
    path: '/api/v1/nodes/:id/rotate-key',
    access: 'node.rotate_key',
    summary: 'Ask a node for a new key; a node that is offline is asked when it is back.',
    answer: nodeView,
    status: 202,
    idempotent: true,
  }),
  revokeNode: route({
    method: 'POST',
    path: '/api/v1/nodes/:id/revoke',
    access: 'node.revoke',
    summary: 'Revoke a node’s key; it stays out until it is enrolled again.',
    body: revokeNode,
    answer: nodeView,
  }),
  releaseNode: route({
    method: 'POST',
    path: '/api/v1/nodes/:id/release',
    access: 'node.release',
    summary: 'Lift the quarantine of a node whose identity was used twice.',
    body: releaseNode,
    answer: nodeView,
  }),
  removeNode: route({
    method: 'DELETE',
    path: '/api/v1/nodes/:id',
    access: 'node.remove',
    summary: 'Decommission a node: it leaves every list and count; its history stays readable by id.',
    status: 204,
  }),
};

const tokens = {
  createRegistrationToken: route({
    method: 'POST',
    path: '/api/v1/registration-tokens',
    access: 'registration_token.create',
    summary: 'A one-time token that admits one node.',
    body: createRegistrationToken,
    answer: registrationTokenView,
    status: 201,
  }),
  listRegistrationTokens: route({
    method: 'GET',
    path: '/api/v1/registration-tokens',
    access: 'registration_token.read',
    summary: 'Registration tokens, newest first, without the tokens themselves.',
    query: listRegistrationTokens,
    answer: registrationTokenPage,
  }),
  readRegistrationToken: route({
    method: 'GET',
    path: '/api/v1/registration-tokens/:id',
    access: 'registration_token.read',
    summary: 'One registration token and what became of it.',
    answer: registrationTokenInfo,
  }),
  revokeRegistrationToken: route({
    method: 'DELETE',
    path: '/api/v1/registration-tokens/:id',
    access: 'registration_token.revoke',
    summary: 'Revoke a registration token that nobody has used.',
    answer: registrationTokenInfo,
  }),
};

export const nodeRoutes = { ...reading, ...changing, ...ending, ...tokens };
