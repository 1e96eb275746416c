import { describe, expect, it } from '@jest/globals';
import { returnPath } from './return-path.ts';

describe('the way back after signing in', () => {
  it.each(['/admin/nodes?badge=updated', '/admin/nodes/00000000-0000-4000-8000-000000000001#steps'])('leads to %s', (path) =>
    expect(returnPath(path)).toBe(path),
  );

  it.each([
    null,
    '',
    '//elsewhere.example',
    '/\\elsewhere.example',
    'https://elsewhere.example',
    'javascript:alert(1)',
    '/sign-in?from=/sign-in',
  ])('does not follow %j', (path) => expect(returnPath(path)).toBe('/admin/nodes'));
});
