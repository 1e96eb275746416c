import { isCodedError } from '@tidegate/contract-errors';
import {
  checkSealed,
  KeyRing,
  openDatabase,
  sealedSettingsOf,
  systemClock,
  type Log,
  type OpenDatabase,
  type ManagerConfig,
  type Persistence,
} from '../platform/index.ts';
import { judgeDatabase } from './database-checks.ts';
import type { Finding } from './finding.ts';
import { checkCertificate, checkDisk, checkPublicOrigin, checkSecretFiles } from './machine-checks.ts';
import { checkSources } from './source-checks.ts';
import { readDatabaseFacts } from './persistence/database-facts.ts';

/** Everything that can be looked at from the manager's machine; a check that finds nothing says nothing. */
export async function examine(config: ManagerConfig, persistence: readonly Persistence[], log: Log): Promise<Finding[]> {
  const findings = await Promise.all([
    checkDisk(config),
    checkSecretFiles(config),
    checkCertificate(config, log, systemClock.now()),
    checkSources(config),
    checkDatabase(config, persistence, log),
  ]);
  return [...checkPublicOrigin(config), ...findings.flat()];
}

async function checkDatabase(config: ManagerConfig, persistence: readonly Persistence[], log: Log): Promise<Finding[]> {
  try {
    const opened = await openDatabase(config, persistence, log);
    try {
      const facts = await opened.database.read((em) => readDatabaseFacts(em, () => systemClock.now().getTime()));
      const migrations = await opened.migrations();
      const sealed = migrations.pending.length > 0 ? [] : await checkSecrets(config, persistence, opened);
      return [...judgeDatabase(facts, migrations), ...sealed];
    } finally {
      await opened.close();
    }
  } catch (error) {
    if (!isCodedError(error)) throw error;
    return [{ code: error.code, weight: 'broken', details: error.details }];
  }
}

/** Everything that is sealed is opened once. Before the schema is up to date there may be no place to look for it. */
async function checkSecrets(config: ManagerConfig, persistence: readonly Persistence[], { database }: OpenDatabase): Promise<Finding[]> {
  const columns = persistence.flatMap((part) => part.sealed ?? []);
  const ring = await KeyRing.load(config);
  const problems = await database.read((em) => checkSealed(em, columns, ring, sealedSettingsOf(config)));
  return problems.map(({ code, details }) => ({ code, weight: 'broken', details }));
}
