import { expect, it } from '@jest/globals';
import { ATTEMPT_STATES } from '@tidegate/contract-events';
import { ATTEMPT_INPUTS, ATTEMPT_TABLE } from '@tidegate/domain-attempt';
import { attemptPage } from './attempt-docs.ts';

it('tells every legal transition of the table and no other', () => {
  const told = [...attemptPage().matchAll(/^\| `(\w+)` \| (.*) \|$/gm)].flatMap(([, from, cell = '']) =>
    [...cell.matchAll(/(\w+) → `(\w+)`/g)].map(([, input, to]) => `${from} ${input} ${to}`),
  );
  const legal = ATTEMPT_STATES.flatMap((from) =>
    ATTEMPT_INPUTS.flatMap((input) => (ATTEMPT_TABLE[from][input] === null ? [] : [`${from} ${input} ${ATTEMPT_TABLE[from][input]}`])),
  );
  expect(told.toSorted()).toEqual(legal.toSorted());
});
