export type { GitAnswer, GitHttp } from './git-http.ts';
export { listTags, type RemoteTag, type TagList } from './list-tags.ts';
