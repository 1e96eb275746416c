import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export interface GitRepository {
  /** @returns the commit. */
  commit(message: string): Promise<string>;
  /** A plain tag, or with a message an annotated one. @returns the object the ref names */
  tag(name: string, target: string, message?: string): Promise<string>;
  git(...args: string[]): Promise<string>;
}

/** A bare repository made by git itself, with empty commits. */
export async function createGitRepository(folder: string): Promise<GitRepository> {
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_AUTHOR_NAME: 'spec',
    GIT_AUTHOR_EMAIL: 'spec@localhost',
    GIT_COMMITTER_NAME: 'spec',
    GIT_COMMITTER_EMAIL: 'spec@localhost',
  };
  const git = async (...args: string[]): Promise<string> => (await promisify(execFile)('git', args, { cwd: folder, env })).stdout.trim();
  await promisify(execFile)('git', ['init', '--quiet', '--bare', '--initial-branch=main', folder], { env });
  const tree = await git('hash-object', '-t', 'tree', '-w', '/dev/null');
  return {
    git,
    async commit(message) {
      const parent = await git('rev-parse', '--verify', '--quiet', 'refs/heads/main').catch(() => '');
      const id = await git('commit-tree', tree, '-m', message, ...(parent === '' ? [] : ['-p', parent]));
      await git('update-ref', 'refs/heads/main', id);
      return id;
    },
    async tag(name, target, message) {
      await git('tag', '--force', ...(message === undefined ? [] : ['--annotate', '-m', message]), name, target);
      return await git('rev-parse', `refs/tags/${name}`);
    },
  };
}
