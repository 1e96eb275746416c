import { createParamDecorator, Injectable, type CallHandler, type ExecutionContext, type NestInterceptor } from '@nestjs/common';
import { CodedError } from '@tidegate/contract-errors';
import type { Request, Response } from 'express';
import { tap, type Observable } from 'rxjs';

const ETAG = /^"(\d{1,15})"$/;
export const etagOf = (revision: number): string => `"${revision}"`;

/**
 * Handler parameter of a route with `revisioned`: the revision the caller has seen. Compare it in the statement that writes and
 * refuse with `revision_stale`, so that nobody overwrites what they have not read (RFC 9110 section 13.1.1).
 * @throws CodedError revision_required without an If-Match header; revision_stale for one that can be no revision of ours.
 */
export const IfMatch = createParamDecorator((_: unknown, context: ExecutionContext): number => {
  const given = context.switchToHttp().getRequest<Request>().get('if-match');
  if (given === undefined) throw new CodedError('revision_required');
  const revision = ETAG.exec(given)?.[1];
  if (revision === undefined) throw new CodedError('revision_stale');
  return Number(revision);
});

/** Whatever answers with a `revision` has it as its ETag too. */
@Injectable()
export class RevisionTag implements NestInterceptor {
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    return next.handle().pipe(
      tap((answer: unknown) => {
        const revision = (answer as { revision?: unknown } | null | undefined)?.revision;
        if (context.getType() !== 'http' || typeof revision !== 'number') return;
        const response = context.switchToHttp().getResponse<Response>();
        if (!response.headersSent) response.setHeader('ETag', etagOf(revision));
      }),
    );
  }
}
