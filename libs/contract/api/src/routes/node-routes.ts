import { nodeView } from '../node-view.ts';
import { createRegistrationToken, listNodes, nodePage, registrationTokenView } from '../requests.ts';
import { route } from '../route.ts';

export const nodeRoutes = {
  listNodes: route({
    method: 'GET',
    path: '/api/v1/nodes',
    access: 'node.read',
    summary: 'Nodes, filtered, sorted and paged.',
    query: listNodes,
    answer: nodePage,
  }),
  readNode: route({ method: 'GET', path: '/api/v1/nodes/:id', access: 'node.read', summary: 'One node.', answer: nodeView }),
  createRegistrationToken: route({
    method: 'POST',
    path: '/api/v1/registration-tokens',
    access: 'registration_token.create',
    summary: 'A one-time token that admits one node.',
    body: createRegistrationToken,
    answer: registrationTokenView,
    status: 201,
  }),
};
