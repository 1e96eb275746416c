import type { HealthChecks, MigrationRunner } from '@tidegate/engine-upgrade';
import type { EdgeEnvironment } from '../environment.ts';

/** Programs of a release, loaded when there is one to run: most starts have none. */
export function lazyPrograms(
  { root, forPrograms }: EdgeEnvironment,
  dataDir: string,
): { readonly migrations: MigrationRunner; readonly health: HealthChecks } {
  const load = () => import('@tidegate/adapter-host-programs');
  // The runtime of this agent: a thin release has none of its own, and programs may be scripts.
  const environment = { ...forPrograms, TIDEGATE_ROOT: root, TIDEGATE_NODE: process.execPath };
  return {
    migrations: {
      run: async (...request) => (await load()).createMigrationRunner({ environment, dataDir }).run(...request),
    },
    health: {
      run: async (checks, slotFolder) =>
        checks.length === 0 ? [] : (await load()).createHealthChecks(environment).run(checks, slotFolder),
    },
  };
}
