import { Global, Module } from '@nestjs/common';
import { AuditKeeper } from './audit-keeper.ts';
import { AuditReader } from './audit-reader.ts';
import { AuditTrail } from './audit-trail.ts';
import { InstallationKey } from './installation-key.ts';

@Global()
@Module({ providers: [AuditTrail, AuditKeeper, AuditReader, InstallationKey], exports: [AuditTrail, AuditReader] })
export class AuditModule {}

export { AuditReader } from './audit-reader.ts';
export { AuditTrail, type AuditEntry } from './audit-trail.ts';
export { firstAuditFrom, selectChain } from './persistence/audit-chain.ts';
export { appendAudit } from './persistence/audit-records.ts';
export { auditPersistence } from './persistence/index.ts';
export { auditPositionBefore } from './persistence/audit-pages.ts';
