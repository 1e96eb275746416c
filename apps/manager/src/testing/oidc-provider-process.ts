/**
 * A real OpenID Connect provider in a process of its own, for tests: `node oidc-provider-process.ts SETTINGS.json`. Says `listening`
 * on stdout and ends with its stdin, so that it does not outlive the test. Its accounts are a file that is read for each question.
 */
import { readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
// @ts-expect-error -- the package brings no types
import Provider from 'oidc-provider';

export interface ProviderSettings {
  readonly issuer: string;
  readonly port: number;
  readonly clients: readonly object[];
  /** Private, as JWK. */
  readonly signingKey: object;
  /** JSON: claims by login. A login that is not in it cannot sign in. */
  readonly accountsFile: string;
}

const settings = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as ProviderSettings;
const accounts = (): Record<string, object> => JSON.parse(readFileSync(settings.accountsFile, 'utf8')) as Record<string, object>;

interface RealProvider {
  callback(): RequestListener;
}
const provider = new (Provider as new (issuer: string, configuration: object) => RealProvider)(settings.issuer, {
  clients: settings.clients,
  jwks: { keys: [settings.signingKey] },
  cookies: { keys: ['only for tests'] },
  claims: { openid: ['sub'], profile: ['preferred_username', 'groups'] },
  findAccount: (_context: unknown, id: string) => {
    const claims = accounts()[id];
    return claims && { accountId: id, claims: () => ({ sub: id, ...claims }) };
  },
});
createServer(provider.callback()).listen(settings.port, '127.0.0.1', () => process.stdout.write('listening\n'));
process.stdin.resume().on('end', () => process.exit(0));
