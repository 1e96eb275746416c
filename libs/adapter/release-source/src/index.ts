export { githubReleaseSource, SYSTEM_DEPENDENCIES, type GithubReleaseSource, type SourceDependencies } from './github-release-source.ts';
export type { GithubReleaseSourceConfig } from './source-config.ts';
export type { DownloadClock, DownloadLimits } from './download-limits.ts';
export { mirroredSource } from './mirrored-source.ts';
export { guardedHttp, type GuardedHttp, type GuardedHttpOptions } from './guarded-http.ts';
export { checkUrl, type AddressPolicy } from './address-policy.ts';
export type { HttpAnswer } from './http-get.ts';
export { readCapped } from './read-capped.ts';
