import { CodedError } from '@tidegate/contract-errors';
import type { z } from 'zod';

/** Opaque to a client: what it holds may change with any release. */
export const encodeCursor = (position: object): string => Buffer.from(JSON.stringify(position)).toString('base64url');

/** @returns null without a cursor. @throws CodedError request_invalid for a text that is none of ours. */
export function decodeCursor<T extends z.ZodType>(schema: T, text: string | undefined): z.output<T> | null {
  if (text === undefined) return null;
  try {
    return schema.parse(JSON.parse(Buffer.from(text, 'base64url').toString('utf8')));
  } catch (cause) {
    throw new CodedError('request_invalid', { fields: ['cursor: invalid'] }, { cause });
  }
}
