import { expect, it } from '@jest/globals';
import 'reflect-metadata';
import { ROUTES, type RouteName } from '@tidegate/contract-api';
import { AppModule } from '../../app.module.ts';
import { parseConfig } from '../config.ts';
import { createLog } from '../log.ts';
import { systemClock } from '../clock.ts';
import { SERVED_ROUTE } from './serve.ts';

interface ModuleShape {
  readonly imports?: readonly unknown[];
  readonly controllers?: readonly (new (...parts: never[]) => object)[];
}

/** The controllers of a module and of all it imports. */
function controllersOf(module: unknown): readonly (new (...parts: never[]) => object)[] {
  const shape = module as ModuleShape & { readonly module?: object };
  const metadata = (key: string): unknown[] =>
    typeof module === 'function' ? ((Reflect.getMetadata(key, module) as unknown[] | undefined) ?? []) : [];
  const imports = [...(shape.imports ?? []), ...metadata('imports')];
  const own = [...(shape.controllers ?? []), ...metadata('controllers')] as (new (...parts: never[]) => object)[];
  return [...own, ...imports.flatMap(controllersOf)];
}

it('serves every operation of the table by exactly one handler, and nothing else', () => {
  const config = parseConfig({ listen: { port: 0 }, data_dir: '/nowhere', admin: { password_file: '/nowhere' } });
  const notifier = { ready: () => {}, status: () => {}, stopping: () => {}, watch: () => {} };
  const app = AppModule.with({ config, clock: systemClock, log: createLog('silent'), notifier });
  const controllers = new Set(controllersOf(app));
  const served = [...controllers].flatMap((controller) =>
    Object.getOwnPropertyNames(controller.prototype).flatMap((key) => {
      const name = Reflect.getMetadata(SERVED_ROUTE, (controller.prototype as Record<string, object>)[key] as object) as
        RouteName | undefined;
      return name === undefined ? [] : [name];
    }),
  );
  expect(served.toSorted()).toEqual(Object.keys(ROUTES).toSorted());
});
