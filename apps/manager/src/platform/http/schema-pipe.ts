import type { PipeTransform } from '@nestjs/common';
import type { z } from 'zod';
import { parseRequest } from './parse-request.ts';

/** `@Body(against(signIn)) body`: what a handler gets has passed its schema. */
export const against = <T extends z.ZodType>(schema: T): PipeTransform<unknown, z.output<T>> => ({
  transform: (value) => parseRequest(schema, value),
});
