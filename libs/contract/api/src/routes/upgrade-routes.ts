import { upgradeView } from '../node-view.ts';
import { listEvents, requestUpgrade, upgradePage } from '../requests.ts';
import { route } from '../route.ts';

export const upgradeRoutes = {
  requestUpgrade: route({
    method: 'POST',
    path: '/api/v1/nodes/:id/upgrade',
    access: 'node.upgrade',
    summary: 'Ask a node to stage and try a release.',
    body: requestUpgrade,
    answer: upgradeView,
    status: 202,
    idempotent: true,
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
