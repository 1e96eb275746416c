import { Controller, Inject, Query, Req, Res } from '@nestjs/common';
import { startOidc, type SignInMethods } from '@tidegate/contract-api';
import { isCodedError } from '@tidegate/contract-errors';
import type { Request, Response } from 'express';
import type { z } from 'zod';
import { against, CONFIG, Serve, type ManagerConfig } from '../../platform/index.ts';
import { writeSessionCookie } from '../session-cookie.ts';
import { originOf } from '../session-view.ts';
import { OidcProvider } from './oidc-provider.ts';
import { OidcSignIn, type Failed } from './oidc-sign-in.ts';
import { returnPath } from './return-path.ts';
import { readStateCookie, writeStateCookie } from './state-cookie.ts';

/** People come here by following links, so every answer leads them on: whatever went wrong is said on the sign-in page. */
@Controller()
export class OidcController {
  constructor(
    private readonly provider: OidcProvider,
    private readonly signIn: OidcSignIn,
    @Inject(CONFIG) private readonly config: ManagerConfig,
  ) {}

  @Serve('listSignInMethods')
  methods(): SignInMethods {
    return { oidc: this.provider.shown };
  }

  @Serve('startOidcSignIn')
  async start(
    @Query(against(startOidc)) { from }: z.output<typeof startOidc>,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    // A foreign page could have its visitor signed in anew, as somebody else of theirs than they are now.
    if (request.get('sec-fetch-site') === 'cross-site') {
      return send(response, signInPage({ code: 'origin_not_allowed', from: returnPath(from) }));
    }
    try {
      const { to, cookie } = await this.signIn.begin(from);
      writeStateCookie(this.config, request, response, cookie);
      send(response, to.href);
    } catch (error) {
      if (!isCodedError(error)) throw error;
      send(response, signInPage({ code: error.code, from: returnPath(from) }));
    }
  }

  @Serve('finishOidcSignIn')
  async finish(@Req() request: Request, @Res() response: Response): Promise<void> {
    const { search } = new URL(request.originalUrl, 'http://ours.invalid');
    const ended = await this.signIn.finish(search, readStateCookie(this.config, request), originOf(request));
    // Good for one way back, whatever came of it.
    writeStateCookie(this.config, request, response, null);
    if ('code' in ended) return send(response, signInPage(ended));
    writeSessionCookie(this.config, request, response, ended.secret);
    send(response, ended.to);
  }

  @Serve('leaveOidc')
  async leave(@Res() response: Response): Promise<void> {
    try {
      send(response, (await this.provider.signOutUrl())?.href ?? '/sign-in');
    } catch (error) {
      if (!isCodedError(error)) throw error;
      send(response, signInPage({ code: error.code, from: '/' }));
    }
  }
}

const signInPage = ({ code, from }: Failed): string => `/sign-in?${new URLSearchParams({ error: code, from }).toString()}`;

/** Nothing of this is for a cache: the address holds a code, the answer a cookie. */
function send(response: Response, to: string): void {
  response.setHeader('Cache-Control', 'no-store');
  response.redirect(302, to);
}
