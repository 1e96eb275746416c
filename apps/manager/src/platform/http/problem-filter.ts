import { Catch, HttpException, Inject, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Problem } from '@tidegate/contract-api';
import { CodedError, ERRORS } from '@tidegate/contract-errors';
import type { Request, Response } from 'express';
import type { Log } from '../log.ts';
import { LOG } from '../tokens.ts';
import { httpStatusOf } from './http-status.ts';
import { requestIdOf } from './request-context.ts';

/** Every error leaves as RFC 9457 problem details with our code and hint; the text of an unknown error never leaves. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(@Inject(LOG) private readonly log: Log) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    this.answer(error, http.getRequest<Request>(), http.getResponse<Response>());
  }

  answer(error: unknown, request: Request, response: Response): void {
    const coded = toCoded(error);
    const requestId = requestIdOf(request);
    if (coded.code === 'internal_error') this.log.error({ request_id: requestId, err: error }, 'internal error');
    if (response.headersSent) return void response.end();
    const status = httpStatusOf(coded.code);
    const { retry_after_secs: retryAfter, fields, ...details } = coded.details as Record<string, unknown>;
    if (typeof retryAfter === 'number') response.setHeader('Retry-After', String(Math.max(1, Math.ceil(retryAfter))));
    const problem: Problem = {
      type: `https://tidegate.dev/errors/${coded.code}`,
      title: ERRORS[coded.code].meaning,
      status,
      instance: request.path,
      code: coded.code,
      hint: ERRORS[coded.code].hint,
      request_id: requestId,
      ...(Object.keys(details).length > 0 && { details }),
      ...(Array.isArray(fields) && { fields: fields.map(String).map(toField) }),
    };
    response.status(status).type('application/problem+json').send(JSON.stringify(problem));
  }
}

const toField = (text: string): { path: string; rule: string } => {
  const [path = '', rule = ''] = text.split(': ', 2);
  return { path, rule };
};

function toCoded(error: unknown): CodedError {
  if (error instanceof CodedError) return error;
  const status = error instanceof HttpException ? error.getStatus() : (error as { status?: unknown }).status;
  if (status === 404) return new CodedError('route_not_found');
  // body-parser's own refusals: malformed JSON, wrong encoding, too large.
  if (status === 413) return new CodedError('message_too_large');
  if (typeof status === 'number' && status >= 400 && status < 500) return new CodedError('request_invalid');
  return new CodedError('internal_error');
}
