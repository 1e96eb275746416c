import { discoveryCandidates, discoveryStatus, listCandidates } from '../discovery.ts';
import { route } from '../route.ts';

export const discoveryRoutes = {
  readDiscoveryStatus: route({
    method: 'GET',
    path: '/api/v1/discovery/status',
    access: 'discovery.read',
    summary: 'When git remotes were looked at, and what they answered.',
    answer: discoveryStatus,
  }),
  listDiscoveryCandidates: route({
    method: 'GET',
    path: '/api/v1/discovery/candidates',
    access: 'discovery.read',
    summary: 'Tags newer than what runs, per device type, newest first.',
    query: listCandidates,
    answer: discoveryCandidates,
  }),
  checkDiscovery: route({
    method: 'POST',
    path: '/api/v1/discovery/check',
    access: 'discovery.check',
    summary: 'Look at the remotes now; once per 15 s for the whole installation.',
    answer: discoveryStatus,
    status: 202,
  }),
};
