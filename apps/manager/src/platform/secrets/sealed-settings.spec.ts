import { expect, it } from '@jest/globals';
import { seal, secretKey } from './envelope.ts';
import { remoteTokenPlace, sealedSettingsOf, sourceTokenPlace } from './sealed-settings.ts';

it('finds every sealed text of a configuration under the place it was sealed for', () => {
  const sealed = seal(secretKey(Buffer.alloc(32)), 'token', 'anywhere');
  const config = {
    data_dir: '/data',
    release_sources: [
      { device_type: 'edge', token_file: '/f' },
      { device_type: 'buoy', token: sealed },
    ],
    discovery: { remotes: [{ device_type: 'edge', token: sealed }] },
    oidc: { client_secret: sealed, issuer: 'https://id.example' },
  };
  expect(sealedSettingsOf(config)).toEqual(
    [sourceTokenPlace('buoy'), remoteTokenPlace('edge'), 'oidc.client_secret'].map((place) => ({ place, sealed })),
  );
});
