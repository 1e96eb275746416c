import { z } from 'zod';
import { route } from '../route.ts';

export const platformRoutes = {
  healthz: route({
    method: 'GET',
    path: '/healthz',
    access: 'public',
    summary: 'The process turns its loop.',
    answer: z.object({ status: z.literal('up') }),
  }),
  readyz: route({
    method: 'GET',
    path: '/readyz',
    access: 'public',
    summary: 'It can serve: the database answers and nobody asked it to stop.',
    answer: z.object({ status: z.literal('ready') }),
  }),
  readOpenApi: route({
    method: 'GET',
    path: '/api/v1/openapi.json',
    access: 'public',
    summary: 'This API as OpenAPI 3.1.',
    answer: z.record(z.string(), z.unknown()),
  }),
};
