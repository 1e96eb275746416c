import { describe, expect, it } from '@jest/globals';
import { signStatement } from './sign-statement.ts';

const nowhere = { fulcioUrl: 'http://127.0.0.1:1', rekorUrl: 'http://127.0.0.1:1' };

describe('signStatement', () => {
  it.each([
    'secret',
    'secret.secret.secret',
    `x.${Buffer.from('{}').toString('base64url')}.secret`,
    `x.${Buffer.from('null').toString('base64url')}.secret`,
  ])('never quotes a token that it cannot read', async (identityToken) => {
    const failure = await signStatement(Buffer.from('x'), { ...nowhere, identityToken }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(Error);
    expect(String(failure)).not.toContain('secret');
    expect(String((failure as Error).stack)).not.toContain('secret.');
    expect((failure as Error).cause).toBeUndefined();
  });
});
