import { describe, expect, it } from '@jest/globals';
import { addressAllowed, checkUrl, guardedLookup } from './address-policy.ts';

const strict = { allowLoopbackHttp: false, allowPrivateAddresses: false };
const demo = { allowLoopbackHttp: true, allowPrivateAddresses: false };

describe('addresses a release may come from', () => {
  it.each([
    '169.254.169.254',
    '127.0.0.1',
    '::1',
    '10.1.2.3',
    '172.31.0.1',
    '192.168.1.1',
    '100.64.0.1',
    '0.0.0.0',
    '224.0.0.1',
    '255.255.255.255',
    'fe80::1',
    'fd12::1',
    'fd00:ec2::254',
    '::',
    '::ffff:169.254.169.254',
    '::ffff:127.0.0.1',
    '::ffff:a00:1',
    '64:ff9b::a9fe:a9fe',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    'no address',
  ])('not %s', (address) => {
    expect(addressAllowed(address, strict)).toBe(false);
  });
  it.each(['140.82.121.4', '2606:50c0:8000::153', '64:ff9b::8c52:7904', '172.32.0.1', '11.0.0.1'])('%s', (address) => {
    expect(addressAllowed(address, strict)).toBe(true);
  });
  it('private ranges where they are allowed, link-local never', () => {
    const open = { allowLoopbackHttp: true, allowPrivateAddresses: true };
    expect(
      ['10.0.0.1', 'fd12::1', '127.0.0.1', '169.254.169.254', 'fe80::1', '::ffff:169.254.0.1'].map((address) =>
        addressAllowed(address, open),
      ),
    ).toEqual([true, true, true, false, false, false]);
  });
});

describe('URLs a node may ask', () => {
  it.each([
    ['https://api.github.com/x', strict],
    ['http://127.0.0.1:9/x', demo],
    ['http://[::1]:9/x', demo],
    ['http://localhost:9/x', demo],
  ])('%s', (url, policy) => {
    expect(() => checkUrl(new URL(url), policy)).not.toThrow();
  });
  it.each([
    ['http://127.0.0.1/', strict, 'address'],
    ['http://localhost/', strict, 'scheme'],
    ['http://api.github.com/', demo, 'scheme'],
    ['ftp://api.github.com/', demo, 'scheme'],
    ['file:///etc/passwd', demo, 'scheme'],
    ['https://user@api.github.com/', demo, 'userinfo'],
    ['https://:secret@api.github.com/', demo, 'userinfo'],
    ['https://2852039166/', demo, 'address'],
    ['https://0xa9fea9fe/', demo, 'address'],
    ['https://[::ffff:169.254.169.254]/', demo, 'address'],
    ['https://10.0.0.1/', demo, 'address'],
  ])('not %s', (url, policy, rule) => {
    expect(() => checkUrl(new URL(url), policy)).toThrow(
      expect.objectContaining({ code: 'upgrade_url_invalid', details: expect.objectContaining({ rule }) as unknown }),
    );
  });
});

describe('resolving a name', () => {
  const resolve = (hostname: string, addresses: string[], all: boolean): Promise<unknown> =>
    new Promise((settle) => {
      const lookup = guardedLookup(demo, (_name, _options, done) =>
        done(
          null,
          addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
        ),
      );
      lookup(hostname, { all }, (error, address) => settle(error ?? address));
    });
  it('hands on allowed addresses only', async () => {
    expect(await resolve('mirror.example', ['10.0.0.1', '140.82.121.4'], true)).toEqual([{ address: '140.82.121.4', family: 4 }]);
    expect(await resolve('mirror.example', ['169.254.169.254', '140.82.121.4'], false)).toBe('140.82.121.4');
  });
  it('refuses a name that leads to no allowed address', async () => {
    expect(await resolve('rebind.example', ['169.254.169.254', 'fe80::1'], true)).toMatchObject({ code: 'upgrade_url_invalid' });
  });
  it('refuses a localhost that is elsewhere', async () => {
    expect(await resolve('localhost', ['140.82.121.4'], true)).toMatchObject({ code: 'upgrade_url_invalid' });
  });
});
