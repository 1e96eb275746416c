import { Controller, Query, Res } from '@nestjs/common';
import {
  exportAudit,
  listAudit,
  type AuditKeyList,
  type AuditPage,
  type AuditVerification,
  type ExportAudit,
  type ListAudit,
} from '@tidegate/contract-api';
import type { Response } from 'express';
import { z } from 'zod';
import { AuditReader } from '../audit/index.ts';
import { against, decodeCursor, encodeCursor, Serve } from '../platform/index.ts';
import { AuditExport } from './audit-export.ts';

const cursorSchema = z.strictObject({ before: z.int().min(1) });

/** The audit trail belongs to the installation: the guard's rule says all there is to say about who may read it. */
@Controller()
export class AuditController {
  constructor(
    private readonly reader: AuditReader,
    private readonly exporter: AuditExport,
  ) {}

  @Serve('listAudit')
  async list(@Query(against(listAudit)) { limit, cursor, ...filter }: ListAudit): Promise<AuditPage> {
    const { items, next } = await this.reader.page(filter, limit, decodeCursor(cursorSchema, cursor)?.before ?? null);
    return { items, next_cursor: next === null ? null : encodeCursor({ before: next }) };
  }

  @Serve('exportAudit')
  async export(@Query(against(exportAudit)) query: ExportAudit, @Res() response: Response): Promise<void> {
    await this.exporter.send(query, response);
  }

  @Serve('listAuditKeys')
  keys(): Promise<AuditKeyList> {
    return this.reader.keys();
  }

  @Serve('verifyAudit')
  verify(): Promise<AuditVerification> {
    return this.reader.verify();
  }
}
