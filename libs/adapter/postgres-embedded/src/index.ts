export { findPostgres } from './find-postgres.ts';
export { startPostgres, type PostgresConnection, type PostgresOptions, type RunningPostgres } from './start-postgres.ts';
export { chooseServiceUser, type ServiceUser } from './service-user.ts';
