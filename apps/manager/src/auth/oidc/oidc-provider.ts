import { Inject, Injectable } from '@nestjs/common';
import type { SignInMethods } from '@tidegate/contract-api';
import { CodedError } from '@tidegate/contract-errors';
import * as client from 'openid-client';
import { CLOCK, CONFIG, LOG, Secrets, type Clock, type Log, type ManagerConfig, type OidcConfig } from '../../platform/index.ts';
import { guardedFetch, readOwn } from './guarded-fetch.ts';
import { asProviderError } from './provider-error.ts';

/** Metadata that is older is asked for again; keys the client library renews by itself. */
const METADATA_FRESH_MS = 3_600_000;
/** A provider that is away is not asked again for each person who tries. */
const FAILURE_KEPT_MS = 5000;
const CALLBACK = '/api/v1/session/oidc/callback';

/** What ties the way back to the way there. */
export interface OidcChallenge {
  readonly state: string;
  readonly nonce: string;
  readonly verifier: string;
}
/** Proven by the provider. */
export interface ProvenIdentity {
  readonly issuer: string;
  readonly subject: string;
  readonly claims: Readonly<Record<string, unknown>>;
}

interface Known {
  readonly secret: string | null;
  readonly until: number;
  readonly configuration: Promise<client.Configuration>;
}

/** The one provider of this installation, by the protocol: authorization code, PKCE, state, nonce, signed tokens. */
@Injectable()
export class OidcProvider {
  private known: Known | null = null;

  constructor(
    private readonly secrets: Secrets,
    @Inject(CONFIG) private readonly config: ManagerConfig,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
  ) {}

  /** What the sign-in page says of it; null: none is configured. */
  get shown(): SignInMethods['oidc'] {
    const { oidc } = this.config;
    return oidc ? { name: oidc.name, signs_out: oidc.sign_out } : null;
  }

  /** @throws CodedError oidc_not_configured */
  get settings(): OidcConfig {
    if (!this.config.oidc) throw new CodedError('oidc_not_configured');
    return this.config.oidc;
  }

  newChallenge(): OidcChallenge {
    return { state: client.randomState(), nonce: client.randomNonce(), verifier: client.randomPKCECodeVerifier() };
  }

  /** Where the browser is sent. @throws CodedError oidc_unavailable, oidc_response_invalid */
  async authorizationUrl({ state, nonce, verifier }: OidcChallenge): Promise<URL> {
    const { scopes } = this.settings;
    return await this.attempt(async (configuration) =>
      client.buildAuthorizationUrl(configuration, {
        redirect_uri: this.redirectUri,
        response_type: 'code',
        scope: scopes.join(' '),
        state,
        nonce,
        code_challenge: await client.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      }),
    );
  }

  /**
   * @param query what the browser came back with; where it was sent to is known and not taken from the request
   * @throws CodedError oidc_denied, oidc_state_invalid, oidc_response_invalid, oidc_unavailable
   */
  async redeem(query: string, { state, nonce, verifier }: OidcChallenge): Promise<ProvenIdentity> {
    const { group_claim: groupClaim, username_claim: usernameClaim } = this.settings;
    return await this.attempt(async (configuration) => {
      const tokens = await client.authorizationCodeGrant(configuration, new URL(`${this.redirectUri}${query}`), {
        expectedState: state,
        expectedNonce: nonce,
        pkceCodeVerifier: verifier,
        idTokenExpected: true,
      });
      const claims = tokens.claims();
      if (!claims) throw new CodedError('oidc_response_invalid', { rule: 'no identity token' });
      const { userinfo_endpoint: more } = configuration.serverMetadata();
      const isComplete = groupClaim in claims && usernameClaim in claims;
      // Many providers tell groups there and not in the token. That it is the same person the library checks by the subject.
      const told = isComplete || more === undefined ? {} : await client.fetchUserInfo(configuration, tokens.access_token, claims.sub);
      return { issuer: claims.iss, subject: claims.sub, claims: { ...told, ...claims } };
    });
  }

  /** Where the provider signs people out; null when it has no such place. @throws CodedError oidc_unavailable */
  async signOutUrl(): Promise<URL | null> {
    return await this.attempt((configuration) =>
      configuration.serverMetadata().end_session_endpoint === undefined
        ? null
        : client.buildEndSessionUrl(configuration, { post_logout_redirect_uri: `${this.origin}/sign-in` }),
    );
  }

  private get origin(): string {
    return new URL(this.config.public_origin ?? '').origin;
  }
  private get redirectUri(): string {
    return `${this.origin}${CALLBACK}`;
  }

  private async attempt<T>(work: (configuration: client.Configuration) => T | Promise<T>): Promise<T> {
    const { host } = new URL(this.settings.issuer);
    try {
      return await work(await this.configuration());
    } catch (error) {
      const coded = asProviderError(error, host);
      this.log.warn({ code: coded.code, ...coded.details }, 'sign-in by the provider failed');
      throw coded;
    }
  }

  private async configuration(): Promise<client.Configuration> {
    const secret = await this.secret();
    const now = this.clock.now().getTime();
    if (this.known && this.known.until > now && this.known.secret === secret) return await this.known.configuration;
    const known: Known = { secret, until: now + METADATA_FRESH_MS, configuration: this.discover(secret) };
    this.known = known;
    try {
      return await known.configuration;
    } catch (error) {
      if (this.known === known) this.known = { ...known, until: this.clock.now().getTime() + FAILURE_KEPT_MS };
      throw error;
    }
  }

  private async secret(): Promise<string | null> {
    const { client_secret: sealed, client_secret_file: file } = this.settings;
    if (sealed !== undefined) return this.secrets.open(sealed, 'oidc.client_secret');
    return file === undefined ? null : (await readOwn(file)).trim();
  }

  private async discover(secret: string | null): Promise<client.Configuration> {
    const { settings } = this;
    const found = await client.discovery(new URL(settings.issuer), settings.client_id, undefined, clientAuth(settings, secret), {
      [client.customFetch]: guardedFetch(settings),
      timeout: settings.timeout_secs,
      // Tokens come by TLS from the provider itself, which the standard lets pass for a signature. We want the signature.
      execute: [client.enableNonRepudiationChecks, ...(settings.allow_loopback_http ? [client.allowInsecureRequests] : [])],
    });
    const { issuer, code_challenge_methods_supported: methods } = found.serverMetadata();
    // To the letter: a provider that speaks for many issuers would let the people of all of them in.
    if (issuer !== settings.issuer) throw new CodedError('oidc_response_invalid', { rule: 'issuer', issuer });
    if (methods && !methods.includes('S256')) throw new CodedError('oidc_response_invalid', { rule: 'no PKCE with S256' });
    return found;
  }
}

function clientAuth({ client_auth: way }: OidcConfig, secret: string | null): client.ClientAuth {
  if (secret === null) return client.None();
  return way === 'client_secret_post' ? client.ClientSecretPost(secret) : client.ClientSecretBasic(secret);
}
