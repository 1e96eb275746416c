/** Commands that only look: at the agent where one runs, else at what it left on the disk. */
import { join } from 'node:path';
import { isCodedError } from '@tidegate/contract-errors';
import { peekStateFile } from '@tidegate/adapter-slots-fs';
import type { EdgeEnvironment } from '../environment.ts';
import { attemptJson, type AttemptJson } from '../local-api/attempt-json.ts';
import { readStatus, readVersion } from '../start/status.ts';
import { EXIT } from '../exit-codes.ts';
import { askAgent } from './agent-client.ts';
import { linesOf, type Command } from './command-answer.ts';

export const version: Command = async () => {
  const answer = readVersion();
  return { exit: EXIT.ok, json: answer, lines: linesOf(answer) };
};

export const status: Command = async ({ environment }) => {
  const answer = await agentOr(environment, '/status', async () => {
    const { state } = await peekStateFile(join(environment.root, 'state.json'));
    return { ...(await readStatus(environment)), attempt: state?.attempt ? attemptJson(state.attempt) : null };
  });
  return { exit: EXIT.ok, json: answer, lines: linesOf(answer) };
};

export const history: Command = async ({ environment }) => {
  const answer = (await agentOr(environment, '/history', async () => {
    const { state } = await peekStateFile(join(environment.root, 'state.json'));
    return { attempts: (state?.history ?? []).map((one) => attemptJson(one)) };
  })) as { readonly attempts: readonly AttemptJson[] };
  return { exit: EXIT.ok, json: answer, lines: answer.attempts.length === 0 ? ['no attempts yet'] : answer.attempts.map(line) };
};

const line = ({ accepted_at: at, kind, from_version: from, to_version: to, state, error, steps }: AttemptJson): string => {
  const times = steps.flatMap((step) => (step.took_secs === null ? [] : [`${step.state} ${step.took_secs} s`]));
  return [
    `${at}  ${kind} ${from} -> ${to}  ${state}`,
    ...(error ? [error.code] : []),
    ...(times.length > 0 ? [`(${times.join(', ')})`] : []),
  ].join('  ');
};

async function agentOr(environment: EdgeEnvironment, path: string, disk: () => Promise<object>): Promise<object> {
  try {
    return await askAgent(environment, 'GET', path);
  } catch (error) {
    if (isCodedError(error) && error.code === 'agent_not_running') return disk();
    throw error;
  }
}
