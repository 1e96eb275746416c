import { ERRORS, type ErrorCode } from '@tidegate/contract-errors';
import { httpStatusOf } from './http-status.ts';

const RETRY_AFTER_SECS = 2;

/** An answer for a socket that has no request to answer: the same problem, by hand, and the end of the connection. */
export function rawProblem(code: ErrorCode): string {
  const status = httpStatusOf(code);
  const body = JSON.stringify({
    type: `https://tidegate.dev/errors/${code}`,
    title: ERRORS[code].meaning,
    status,
    code,
    hint: ERRORS[code].hint,
  });
  const lines = [
    `HTTP/1.1 ${status} ${status === 503 ? 'Service Unavailable' : 'Refused'}`,
    'Connection: close',
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(status === 503 ? [`Retry-After: ${RETRY_AFTER_SECS}`] : []),
  ];
  return `${lines.join('\r\n')}\r\n\r\n${body}`;
}
