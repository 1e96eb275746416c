import type { PipeTransform } from '@nestjs/common';
import { CodedError, type ErrorCode } from '@tidegate/contract-errors';
import { z } from 'zod';
import { parseRequest } from './parse-request.ts';

/** `@Body(against(signIn)) body`: what a handler gets has passed its schema. */
export const against = <T extends z.ZodType>(schema: T): PipeTransform<unknown, z.output<T>> => ({
  transform: (value) => parseRequest(schema, value),
});

/** An id that is none cannot name anything: the same answer as for one that does not exist. */
export const entityId = (code: ErrorCode): PipeTransform<string, string> => ({
  transform: (value) => {
    if (!z.uuid().safeParse(value).success) throw new CodedError(code);
    return value;
  },
});
