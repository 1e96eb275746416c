import { z } from 'zod';
import { ACTIONS } from './access.ts';
import { problem } from './requests.ts';
import { ROUTES, routeOf, type RouteName } from './routes.ts';
import type { Route } from './route.ts';

type Json = Readonly<Record<string, unknown>>;

const inputOf = (schema: z.ZodType): Json => z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
const outputOf = (schema: z.ZodType): Json => z.toJSONSchema(schema, { io: 'output', unrepresentable: 'any' });
const body = (type: string, schema: Json): Json => ({ content: { [type]: { schema } } });

const pathParameters = (path: string): Json[] =>
  [...path.matchAll(/:([a-z_]+)/g)].map(([, name]) => ({ name, in: 'path', required: true, schema: { type: 'string' } }));

function queryParameters(schema: z.ZodType | undefined): Json[] {
  if (!schema) return [];
  const { properties = {}, required = [] } = inputOf(schema) as { properties?: Record<string, Json>; required?: string[] };
  return Object.entries(properties).map(([name, of]) => ({ name, in: 'query', required: required.includes(name), schema: of }));
}

const header = (name: string, required: boolean, description: string): Json => ({
  name,
  in: 'header',
  required,
  description,
  schema: { type: 'string' },
});

function parametersOf(route: Route): Json[] {
  return [
    ...pathParameters(route.path),
    ...queryParameters(route.query),
    ...(route.idempotent ? [header('Idempotency-Key', false, 'A repeated request with the same key gets the first one’s answer.')] : []),
    ...(route.revisioned ? [header('If-Match', true, 'The ETag of what is changed; a stale one is refused.')] : []),
  ];
}

function answerOf(route: Route): Json {
  if (route.stream) return { description: 'A stream.', ...body(route.stream, { type: 'string' }) };
  if (route.status === 302) return { description: 'The browser is sent elsewhere.' };
  if (!route.answer) return { description: 'Done.' };
  return { description: 'Done.', ...body('application/json', outputOf(route.answer)) };
}

function operation(name: RouteName): Json {
  const route = routeOf(name);
  const parameters = parametersOf(route);
  const rule = route.access === 'public' ? null : ACTIONS[route.access];
  return {
    operationId: name,
    summary: route.summary,
    ...(rule === null ? { security: [] } : { 'x-tidegate-action': route.access }),
    ...(parameters.length > 0 && { parameters }),
    ...(route.body && { requestBody: { required: true, ...body('application/json', inputOf(route.body)) } }),
    responses: {
      ...(route.unchanged && {
        '200': { description: 'There was nothing to do.', ...body('application/json', outputOf(route.unchanged)) },
      }),
      [String(route.status ?? 200)]: answerOf(route),
      default: { $ref: '#/components/responses/Problem' },
    },
  };
}

/** OpenAPI 3.1 of every operation, made from the schemas that the manager parses with. */
export function openApiDocument(version: string): Json {
  const paths: Record<string, Record<string, Json>> = {};
  for (const name of Object.keys(ROUTES) as RouteName[]) {
    const { method, path } = routeOf(name);
    (paths[path.replace(/:([a-z_]+)/g, '{$1}')] ??= {})[method.toLowerCase()] = operation(name);
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Tidegate', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    security: [{ session: [] }, { token: [] }],
    paths,
    components: {
      securitySchemes: {
        session: { type: 'apiKey', in: 'cookie', name: '__Host-tidegate' },
        token: { type: 'http', scheme: 'bearer' },
      },
      responses: { Problem: { description: 'A coded refusal.', ...body('application/problem+json', outputOf(problem)) } },
    },
  };
}
