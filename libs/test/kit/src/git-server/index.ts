export { createGitRepository, type GitRepository } from './git-repository.ts';
export { startGitServer, type GitServer, type GitServerOptions } from './git-server.ts';
