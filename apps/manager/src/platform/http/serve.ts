import { applyDecorators, Delete, Get, HttpCode, Patch, Post, Put, SetMetadata } from '@nestjs/common';
import { routeOf, type RouteName } from '@tidegate/contract-api';

export const SERVED_ROUTE = 'tidegate:route';
const METHODS = { GET: Get, POST: Post, PUT: Put, PATCH: Patch, DELETE: Delete };

/** Binds a handler to one operation of the API's table: its method, path, status and who may. A handler without it is refused. */
export function Serve(name: RouteName): MethodDecorator {
  const { method, path, status } = routeOf(name);
  return applyDecorators(METHODS[method](path), HttpCode(status ?? 200), SetMetadata(SERVED_ROUTE, name));
}
