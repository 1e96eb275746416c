export { githubReleaseSource, SYSTEM_DEPENDENCIES, type GithubReleaseSource, type SourceDependencies } from './github-release-source.ts';
export type { GithubReleaseSourceConfig } from './source-config.ts';
export type { DownloadClock, DownloadLimits } from './download-limits.ts';
export { mirroredSource } from './mirrored-source.ts';
