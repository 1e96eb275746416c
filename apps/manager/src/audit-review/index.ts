import { Module } from '@nestjs/common';
import { AuditExport } from './audit-export.ts';
import { AuditController } from './audit.controller.ts';

@Module({ controllers: [AuditController], providers: [AuditExport] })
export class AuditReviewModule {}
