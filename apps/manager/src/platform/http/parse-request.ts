import { CodedError } from '@tidegate/contract-errors';
import type { z } from 'zod';

/** @throws CodedError request_invalid; fields are `path: rule`, never a value. */
export function parseRequest<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const parsed = schema.safeParse(value ?? {});
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.slice(0, 20).map((issue) => {
    const keys = issue.code === 'unrecognized_keys' ? issue.keys : [];
    return `${[...issue.path, ...keys].join('.')}: ${issue.code}`;
  });
  throw new CodedError('request_invalid', { fields });
}
