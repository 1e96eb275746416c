import { createHash } from 'node:crypto';
import { Inject, Injectable, type CallHandler, type ExecutionContext, type NestInterceptor, type OnModuleInit } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { routeOf, type RouteName } from '@tidegate/contract-api';
import { CodedError } from '@tidegate/contract-errors';
import type { Request, Response } from 'express';
import { catchError, from, mergeMap, of, type Observable } from 'rxjs';
import { signedInOf } from '../auth/index.ts';
import { CLOCK, Database, LOG, oneAtATime, SERVED_ROUTE, type Clock, type Log } from '../platform/index.ts';
import { claimKey, giveUpKey, keepAnswer, removeOldKeys, type KeyedRequest } from './persistence/key-records.ts';

const KEY = /^[\x21-\x7e]{1,200}$/;
const KEPT_MS = 24 * 3_600_000;
/** Longer than any request may take. */
const ABANDONED_MS = 60_000;
const CLEAN_EVERY_MS = 3_600_000;

/**
 * A request that starts work and is sent again with the same Idempotency-Key, because its answer was lost, gets the first
 * one's answer. Only answers are kept: a refusal is judged anew. Between the work's commit and the keeping of its answer a
 * process may die; the repeated request then meets what the work left (such as `upgrade_in_progress`).
 * Refuses with idempotency_key_reused (another request under that key) and request_in_progress (the first still runs).
 */
@Injectable()
export class Idempotency implements NestInterceptor, OnModuleInit {
  constructor(
    private readonly reflector: Reflector,
    private readonly database: Database,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOG) private readonly log: Log,
  ) {}

  onModuleInit(): void {
    this.clock.every(
      CLEAN_EVERY_MS,
      oneAtATime(() =>
        this.database
          .read((em) => removeOldKeys(em, new Date(this.clock.now().getTime() - KEPT_MS)))
          .catch((error: unknown) => this.log.debug({ err: error }, 'old idempotency keys not removed')),
      ),
    );
  }

  async intercept(context: ExecutionContext, next: CallHandler): Promise<Observable<unknown>> {
    const request = this.keyed(context);
    if (!request) return next.handle();
    const now = this.clock.now();
    const first = await this.database.read((em) => claimKey(em, request, now, new Date(now.getTime() - ABANDONED_MS)));
    if (first) {
      if (first.operation !== request.operation || !first.hash.equals(request.hash)) throw new CodedError('idempotency_key_reused');
      if (first.status === null) throw new CodedError('request_in_progress', { retry_after_secs: 1 });
      context.switchToHttp().getResponse<Response>().status(first.status).setHeader('Idempotency-Replayed', 'true');
      return of(first.answer);
    }
    const status = (): number => context.switchToHttp().getResponse<Response>().statusCode;
    return next.handle().pipe(
      mergeMap((answer: unknown) => from(this.database.read((em) => keepAnswer(em, request, status(), answer)).then(() => answer))),
      catchError(async (error: unknown) => {
        await this.database.read((em) => giveUpKey(em, request)).catch(() => {});
        throw error;
      }),
    );
  }

  private keyed(context: ExecutionContext): KeyedRequest | null {
    if (context.getType() !== 'http') return null;
    const operation = this.reflector.get<RouteName | undefined>(SERVED_ROUTE, context.getHandler());
    const request = context.switchToHttp().getRequest<Request>();
    const key = request.get('idempotency-key');
    const caller = signedInOf(request);
    if (!operation || !routeOf(operation).idempotent || key === undefined || !caller) return null;
    if (!KEY.test(key)) throw new CodedError('request_invalid', { fields: ['Idempotency-Key: invalid'] });
    const hash = createHash('sha256')
      .update(JSON.stringify([request.path, request.query, request.body ?? null]))
      .digest();
    return { userId: caller.principal.userId, key, operation, hash };
  }
}
