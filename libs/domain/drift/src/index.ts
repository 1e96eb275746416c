export { environmentDrift, postureDrift, type DeclaredConfig, type NodeEnvironment } from './config-drift.ts';
