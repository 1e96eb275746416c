import { isTerminal, type AttemptState } from '@tidegate/contract-events';
import { ATTEMPT_INPUTS, ATTEMPT_TABLE } from '@tidegate/domain-attempt';
import { page, table } from './markdown.ts';

interface Transition {
  readonly from: AttemptState;
  readonly input: string;
  readonly to: AttemptState;
}

const STATES = Object.keys(ATTEMPT_TABLE) as AttemptState[];
const TRANSITIONS: readonly Transition[] = STATES.flatMap((from) =>
  ATTEMPT_INPUTS.flatMap((input) => {
    const to = ATTEMPT_TABLE[from][input];
    return to === null ? [] : [{ from, input, to }];
  }),
);

/** Refusals, failures and interruptions leave every early state alike: drawn, they would hide the path. They stand in the table. */
const SIDEWAYS = ['refuse', 'fail', 'interrupt'];

const diagram = (): string =>
  [
    '```mermaid',
    'stateDiagram-v2',
    '  [*] --> accepted',
    ...TRANSITIONS.filter(({ input }) => !SIDEWAYS.includes(input)).map(({ from, input, to }) => `  ${from} --> ${to}: ${input}`),
    ...STATES.filter(isTerminal).map((state) => `  ${state} --> [*]`),
    '```',
  ].join('\n');

/** `docs/attempt.md`: the whole machine as a diagram and as the table it is. */
export function attemptPage(): string {
  const rows = STATES.map((from) => [
    `\`${from}\``,
    TRANSITIONS.filter((transition) => transition.from === from)
      .map(({ input, to }) => `${input} → \`${to}\``)
      .join(', ') || 'ended',
  ]);
  return page(
    'The states of an attempt',
    'libs/domain/attempt/src/attempt-table.ts',
    'An attempt is one node’s try at one release. A pair of state and input that is not in the table is illegal and refused. After a crash, `interrupt` leads to the state from which the attempt goes on.',
    diagram(),
    table(['state', 'inputs and where they lead'], rows),
    'The diagram leaves out `refuse`, `fail` and `interrupt`, which every state before activation knows.',
  );
}
