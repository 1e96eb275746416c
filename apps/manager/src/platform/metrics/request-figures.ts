import { Injectable } from '@nestjs/common';
import type { Request, Response } from 'express';
import { Metrics } from './metrics.ts';

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

/** By the template of the route, never by the path: whoever asks chooses the path. */
@Injectable()
export class RequestFigures {
  private readonly answered;
  private readonly seconds;

  constructor(metrics: Metrics) {
    this.answered = metrics.counter('tidegate_http_requests_total');
    this.seconds = metrics.histogram('tidegate_http_request_seconds');
  }

  note(request: Request, response: Response, seconds: number): void {
    const template: unknown = (request.route as { path?: unknown } | undefined)?.path;
    const route = typeof template === 'string' ? template : 'other';
    const method = METHODS.has(request.method) ? request.method : 'other';
    this.answered.inc({ method, route, status: String(response.statusCode) });
    const isStream = String(response.getHeader('content-type') ?? '').startsWith('text/event-stream');
    if (!isStream) this.seconds.observe({ method, route }, seconds);
  }
}
