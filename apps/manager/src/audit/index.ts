import { Global, Module } from '@nestjs/common';
import { AuditTrail } from './audit-trail.ts';

@Global()
@Module({ providers: [AuditTrail], exports: [AuditTrail] })
export class AuditModule {}

export { AuditTrail, type AuditEntry } from './audit-trail.ts';
export { auditPersistence } from './persistence/index.ts';
