import type { StoredAsset, StoredRelease } from './release-store.ts';

/** The answers of the REST API that a client of releases reads: field names and shapes as GitHub documents them. */
export function assetJson(apiUrl: string, release: StoredRelease, asset: StoredAsset): Record<string, unknown> {
  const repoUrl = `${apiUrl}/repos/${release.owner}/${release.repo}`;
  return {
    url: `${repoUrl}/releases/assets/${asset.id}`,
    id: asset.id,
    name: asset.name,
    label: null,
    state: 'uploaded',
    content_type: asset.name.endsWith('.json') ? 'application/json' : 'application/octet-stream',
    size: asset.sizeBytes,
    download_count: 0,
    created_at: release.published_at,
    updated_at: asset.modifiedAt.toISOString(),
    browser_download_url: `${apiUrl}/${release.owner}/${release.repo}/releases/download/${release.tag}/${asset.name}`,
  };
}

export function releaseJson(apiUrl: string, release: StoredRelease): Record<string, unknown> {
  const repoUrl = `${apiUrl}/repos/${release.owner}/${release.repo}`;
  return {
    url: `${repoUrl}/releases/${release.id}`,
    assets_url: `${repoUrl}/releases/${release.id}/assets`,
    html_url: `${apiUrl}/${release.owner}/${release.repo}/releases/tag/${release.tag}`,
    id: release.id,
    tag_name: release.tag,
    target_commitish: release.target_commitish,
    name: release.name,
    body: release.body,
    draft: release.draft,
    prerelease: release.prerelease,
    created_at: release.published_at,
    published_at: release.draft ? null : release.published_at,
    assets: release.assets.map((asset) => assetJson(apiUrl, release, asset)),
  };
}

/** `Link` of a listing (RFC 8288), or null when one page holds everything. */
export function pageLinks(url: URL, page: number, perPage: number, count: number): string | null {
  const last = Math.max(1, Math.ceil(count / perPage));
  if (last === 1) return null;
  const link = (target: number, rel: string): string => {
    const address = new URL(url);
    address.searchParams.set('per_page', String(perPage));
    address.searchParams.set('page', String(target));
    return `<${address.href}>; rel="${rel}"`;
  };
  const links: string[] = [];
  if (page > 1) links.push(link(Math.min(page - 1, last), 'prev'));
  if (page < last) links.push(link(page + 1, 'next'), link(last, 'last'));
  if (page > 1) links.push(link(1, 'first'));
  return links.join(', ');
}
