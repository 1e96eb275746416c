import { upgradeView } from '../node-view.ts';
import { explainNode, nodeExplanation } from '../explanation.ts';
import { listEvents, listUpgrades, requestUpgrade, returnNode, upgradePage } from '../requests.ts';
import { route } from '../route.ts';
import { upgradeCheck } from '../upgrade-checks.ts';

export const upgradeRoutes = {
  requestUpgrade: route({
    method: 'POST',
    path: '/api/v1/nodes/:id/upgrade',
    access: 'node.upgrade',
    summary: 'Ask a node to stage and try a release; one that runs it already is answered with 200 and the check.',
    body: requestUpgrade,
    answer: upgradeView,
    status: 202,
    unchanged: upgradeCheck,
    idempotent: true,
  }),
  returnNode: route({
    method: 'POST',
    path: '/api/v1/nodes/:id/return',
    access: 'node.return',
    summary: 'Ask a node to go back to the version it had before, which lies on its disk.',
    body: returnNode,
    answer: upgradeView,
    status: 202,
    idempotent: true,
  }),
  explainNode: route({
    method: 'GET',
    path: '/api/v1/nodes/:id/explain',
    access: 'upgrade.read',
    summary: 'Why a node is not upgraded, and what happens next.',
    query: explainNode,
    answer: nodeExplanation,
  }),
  listUpgrades: route({
    method: 'GET',
    path: '/api/v1/upgrades',
    access: 'upgrade.read',
    summary: 'Upgrades of all nodes in reach, filtered, newest first.',
    query: listUpgrades,
    answer: upgradePage,
  }),
  listNodeUpgrades: route({
    method: 'GET',
    path: '/api/v1/nodes/:id/upgrades',
    access: 'upgrade.read',
    summary: 'Upgrades of a node, newest first.',
    query: listEvents,
    answer: upgradePage,
  }),
  readUpgrade: route({
    method: 'GET',
    path: '/api/v1/upgrades/:id',
    access: 'upgrade.read',
    summary: 'One upgrade with its steps.',
    answer: upgradeView,
  }),
  cancelUpgrade: route({
    method: 'POST',
    path: '/api/v1/upgrades/:id/cancel',
    access: 'upgrade.cancel',
    summary: 'Cancel an upgrade that has not been activated.',
    answer: upgradeView,
    status: 202,
  }),
};
