import { describe, expect, it } from '@jest/globals';
import { returnPath } from './return-path.ts';

describe('the way back after a sign-in', () => {
  it.each(['/', '/admin/nodes?badge=updated&x=%2F%2Fa', '/admin/nodes/1#steps', '/account'])('leads to %s', (path) =>
    expect(returnPath(path)).toBe(path),
  );

  it.each([
    undefined,
    '',
    'admin',
    '//evil.example',
    '/\\evil.example',
    '\\\\evil.example',
    '/\t/evil.example',
    '\t//evil.example',
    '/\n/evil.example',
    '/.//evil.example',
    '/x/..//evil.example',
    '/%2e%2e//evil.example/..',
    '/a\\..\\..\\evil.example',
    'https://evil.example',
    'https:evil.example',
    'javascript:alert(1)',
    ' //evil.example',
    '/api/v1/session/oidc',
    '/x/../api/v1/session',
    '/sign-in?from=/sign-in',
  ])('does not follow %j', (path) => {
    const to = returnPath(path);
    expect(new URL(to, 'https://manager.example').origin).toBe('https://manager.example');
    expect(to).toBe('/');
  });
});
