import { Inject, Injectable } from '@nestjs/common';
import { CodedError, isCodedError } from '@tidegate/contract-errors';
import { AuditTrail } from '../../audit/index.ts';
import { ChangeFeed, CLOCK, Database, Secrets, type Clock, type OidcConfig } from '../../platform/index.ts';
import { markSignedIn } from '../persistence/sign-in-records.ts';
import { Sessions, type Origin } from '../sessions.ts';
import { networkOf, SignInLimit } from '../sign-in-limit.ts';
import { MappedAccounts } from './mapped-accounts.ts';
import { OidcProvider, type ProvenIdentity } from './oidc-provider.ts';
import { returnPath } from './return-path.ts';
import { signInState, STATE_LIVES_MS, type SignInState } from './state-cookie.ts';

/** Where a sealed state opens; nothing that is sealed for another purpose can be put into the cookie. */
const STATE_PLACE = 'cookie/oidc-state';
/** Failures that nobody stands behind go into the audit trail this often an hour. */
const RECORDED_PER_HOUR = 60;
const HOUR_MS = 3_600_000;

/** A sign-in that failed, with where its person wanted to go. */
export interface Failed {
  readonly code: CodedError['code'];
  readonly from: string;
}

/** From the button to a session, by way of the provider. */
@Injectable()
export class OidcSignIn {
  private readonly limit: SignInLimit;
  private readonly recorded: SignInLimit;

  constructor(
    private readonly provider: OidcProvider,
    private readonly accounts: MappedAccounts,
    private readonly database: Database,
    private readonly audit: AuditTrail,
    private readonly sessions: Sessions,
    private readonly secrets: Secrets,
    private readonly changes: ChangeFeed,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    this.limit = new SignInLimit(clock);
    this.recorded = new SignInLimit(clock, RECORDED_PER_HOUR, HOUR_MS);
  }

  /** @returns where to send the browser, and the cookie it has to bring back. @throws CodedError as OidcProvider.authorizationUrl */
  async begin(from: string | undefined): Promise<{ to: URL; cookie: string }> {
    const challenge = this.provider.newChallenge();
    const to = await this.provider.authorizationUrl(challenge);
    const state: SignInState = { ...challenge, from: returnPath(from), begun_at: this.clock.now().getTime() };
    return { to, cookie: this.secrets.seal(JSON.stringify(state), STATE_PLACE) };
  }

  /** @param query as it came, with its `?`. @returns the session's secret and where to go with it, or why there is none. */
  async finish(query: string, cookie: string | undefined, origin: Origin): Promise<{ secret: string; to: string } | Failed> {
    const begun = this.open(cookie);
    const to = begun?.from ?? '/';
    try {
      const { settings } = this.provider;
      const network = networkOf(origin.address);
      this.limit.take(network);
      const secret = await this.enter(await this.prove(query, begun, origin), settings, origin);
      this.limit.forgive(network);
      return { secret, to };
    } catch (error) {
      if (!isCodedError(error)) throw error;
      return { code: error.code, from: to };
    }
  }

  /** null for a cookie that is missing, too old, or none of ours. */
  private open(cookie: string | undefined): SignInState | null {
    if (cookie === undefined) return null;
    try {
      const begun = signInState.parse(JSON.parse(this.secrets.open(cookie, STATE_PLACE)));
      return begun.begun_at + STATE_LIVES_MS > this.clock.now().getTime() ? begun : null;
    } catch {
      return null;
    }
  }

  private async prove(query: string, begun: SignInState | null, { address }: Origin): Promise<ProvenIdentity> {
    try {
      // First of all: somebody else's answer, or one to a question that this browser never asked (RFC 6749 section 10.12).
      const given = new URLSearchParams(query).getAll('state');
      if (!begun || given.length !== 1 || given[0] !== begun.state) throw new CodedError('oidc_state_invalid');
      return await this.provider.redeem(query, begun);
    } catch (error) {
      if (isCodedError(error) && this.mayRecord()) await this.database.transaction((em) => this.recordFailure(em, error, address, {}));
      throw error;
    }
  }

  /** Whoever gets here has an account at the provider, and is named in the record: an administrator links them from there. */
  private async enter(identity: ProvenIdentity, settings: OidcConfig, origin: Origin): Promise<string> {
    const { issuer, subject } = identity;
    try {
      await this.accounts.ensureAccount(identity, settings, origin.address);
      const opened = await this.database.transaction(async (em) => {
        const { id, username } = await this.accounts.resume(em, identity, settings, origin.address);
        await markSignedIn(em, id, this.clock.now());
        const details = { method: 'oidc', issuer, subject };
        const target = { kind: 'user', id } as const;
        await this.audit.append(em, { actor: username, action: 'user.sign_in', target, address: origin.address, details });
        return { id, secret: await this.sessions.open(em, id, origin, 'oidc') };
      });
      this.changes.emit('access', opened.id);
      return opened.secret;
    } catch (error) {
      if (isCodedError(error)) await this.database.transaction((em) => this.recordFailure(em, error, origin.address, { issuer, subject }));
      throw error;
    }
  }

  private recordFailure(
    em: Parameters<AuditTrail['append']>[0],
    { code, details }: CodedError,
    address: string,
    who: Readonly<Record<string, string>>,
  ): Promise<void> {
    return this.audit.append(em, {
      actor: 'unknown',
      action: 'user.sign_in_failed',
      target: { kind: 'user', id: 'unknown' },
      address,
      details: { method: 'oidc', reason: code, ...(typeof details['error'] === 'string' && { error: details['error'] }), ...who },
    });
  }

  private mayRecord(): boolean {
    try {
      this.recorded.take('all');
      return true;
    } catch {
      return false;
    }
  }
}
