import { resolve } from 'node:path';

/** The root of this checkout. Programs of other apps are run from here as processes, never imported. */
export const CHECKOUT = resolve(import.meta.dirname, '../../../..');

export const PROGRAMS = {
  buildEdge: 'apps/edge/build/build-edge.ts',
  buildManager: 'apps/manager/build/build-manager.ts',
  vite: 'node_modules/vite/bin/vite.js',
  manager: 'apps/manager/dist/main.mjs',
  releaseSource: 'libs/test/kit/src/release-server/main.ts',
  guard: 'apps/boot-guard/guard',
  consoleDir: 'apps/console/dist',
} as const;
