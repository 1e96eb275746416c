import { expect, it } from '@jest/globals';
import { ERROR_CODES } from '@tidegate/contract-errors';
import { errorPage } from './error-docs.ts';

it('gives every registered code one row and one runbook, and knows no other code', () => {
  const text = errorPage();
  const rows = [...text.matchAll(/^\| \[`([a-z_]+)`\]/gm)].map(([, code]) => code);
  const runbooks = [...text.matchAll(/^### `([a-z_]+)`$/gm)].map(([, code]) => code);
  expect(rows.toSorted()).toEqual(ERROR_CODES.toSorted());
  expect(runbooks.toSorted()).toEqual(ERROR_CODES.toSorted());
});

it('gives each runbook its four parts, as sentences', () => {
  const parts = [...errorPage().matchAll(/^- \*\*(Meaning|Impact|Diagnosis|Mitigation):\*\* \S.*\.$/gm)];
  expect(parts).toHaveLength(4 * ERROR_CODES.length);
});
