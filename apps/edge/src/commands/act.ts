/** Commands that change something. The running agent does it: two writers on one root would undo each other's work. */
import { CodedError } from '@tidegate/contract-errors';
import { releaseVersion } from '@tidegate/contract-manifest';
import { EXIT } from '../exit-codes.ts';
import { askAgent } from './agent-client.ts';
import type { Command } from './command-answer.ts';

export const apply: Command = async ({ environment }) => {
  const answer = await askAgent(environment, 'POST', '/apply');
  return { exit: EXIT.ok, json: answer, lines: [`attempt ${String(answer['id'])} goes on; \`tidegate-edge status\` shows how it fares`] };
};

export const rollback: Command = async ({ environment }) => {
  const answer = await askAgent(environment, 'POST', '/rollback');
  return {
    exit: EXIT.ok,
    json: answer,
    lines: [`attempt ${String(answer['id'])} returns to the previous version; \`tidegate-edge status\` shows how it fares`],
  };
};

export const unblock: Command = async ({ environment, args: [text = ''] }) => {
  const version = releaseVersion.safeParse(text);
  if (!version.success) throw new CodedError('upgrade_version_invalid', { version: text.slice(0, 64) });
  const answer = await askAgent(environment, 'POST', '/unblock', { version: version.data });
  return { exit: EXIT.ok, json: answer, lines: [`${version.data} may be tried again`] };
};
