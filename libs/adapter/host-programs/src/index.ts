export { createHealthChecks } from './health-checks.ts';
export { createMigrationRunner, type MigrationSettings } from './migration-runner.ts';
export { type ProgramEnvironment } from './run-program.ts';
