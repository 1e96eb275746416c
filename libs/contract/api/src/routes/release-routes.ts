import { listReleases, releaseList } from '../requests.ts';
import { route } from '../route.ts';

export const releaseRoutes = {
  listReleases: route({
    method: 'GET',
    path: '/api/v1/releases/:device_type',
    access: 'release.read',
    summary: 'What the release source lists; advisory.',
    query: listReleases,
    answer: releaseList,
  }),
};
