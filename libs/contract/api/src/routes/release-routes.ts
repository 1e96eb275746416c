import { listMirrored, mirroredRelease, mirroredReleases } from '../mirror.ts';
import { listReleases, releaseList } from '../requests.ts';
import { route } from '../route.ts';
import { checkUpgrade, checkUpgrades, upgradeCheck, upgradeChecks } from '../upgrade-checks.ts';

export const releaseRoutes = {
  listReleases: route({
    method: 'GET',
    path: '/api/v1/releases/:device_type',
    access: 'release.read',
    summary: 'What the release source lists; advisory.',
    query: listReleases,
    answer: releaseList,
  }),
  checkUpgrade: route({
    method: 'POST',
    path: '/api/v1/nodes/:id/upgrade-check',
    access: 'upgrade.check',
    summary: 'What an upgrade of this node would mean; changes nothing.',
    body: checkUpgrade,
    answer: upgradeCheck,
    status: 200,
  }),
  checkUpgrades: route({
    method: 'POST',
    path: '/api/v1/upgrade-checks',
    access: 'upgrade.check',
    summary: 'The same for many nodes; never fails for one of them.',
    body: checkUpgrades,
    answer: upgradeChecks,
    status: 200,
  }),
  listMirroredReleases: route({
    method: 'GET',
    path: '/mirror/:device_type/repos/:owner/:repo/releases',
    access: 'public',
    summary: 'For nodes: versions this manager mirrors. Asks for the mirror’s token where one is configured.',
    query: listMirrored,
    answer: mirroredReleases,
  }),
  readMirroredRelease: route({
    method: 'GET',
    path: '/mirror/:device_type/repos/:owner/:repo/releases/tags/:tag',
    access: 'public',
    summary: 'For nodes: the files of one verified release.',
    answer: mirroredRelease,
  }),
  readMirroredAsset: route({
    method: 'GET',
    path: '/mirror/:device_type/repos/:owner/:repo/releases/assets/:asset_id',
    access: 'public',
    summary: 'For nodes: the bytes of one file, whole or a range.',
    stream: 'application/octet-stream',
  }),
};
