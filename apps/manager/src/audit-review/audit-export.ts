import { once } from 'node:events';
import { Inject, Injectable } from '@nestjs/common';
import type { AuditExportLine, AuditHead, ExportAudit } from '@tidegate/contract-api';
import type { Response } from 'express';
import { AuditReader } from '../audit/index.ts';
import { CLOCK, Installation, type Clock } from '../platform/index.ts';
import { csvLine } from './csv.ts';

const COLUMNS = ['position', 'at', 'actor', 'action', 'target_kind', 'target_id', 'address', 'details', 'hash'];
const line = (value: AuditExportLine): string => `${JSON.stringify(value)}\n`;

/** The whole trail in one answer, whatever its length: read and written in parts, as fast as the reader takes them. */
@Injectable()
export class AuditExport {
  constructor(
    private readonly reader: AuditReader,
    private readonly installation: Installation,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async send({ format, ...filter }: ExportAudit, response: Response): Promise<void> {
    const parts = format === 'csv' ? this.csv(filter) : this.ndjson();
    // The first part is made before the head is sent: a refusal can still be told as one.
    const first = await parts.next();
    const type = format === 'csv' ? 'text/csv; charset=utf-8' : 'application/x-ndjson';
    response.writeHead(200, {
      'Content-Type': type,
      'Cache-Control': 'no-store',
      'Content-Disposition': `attachment; filename="tidegate-audit.${format}"`,
    });
    try {
      if (!first.done) await write(response, first.value);
      for await (const text of parts) {
        if (response.destroyed) return;
        await write(response, text);
      }
      response.end();
    } catch {
      // Cut off, so that nobody takes a part for the whole.
      response.destroy();
    }
  }

  private async *csv(filter: Omit<ExportAudit, 'format'>): AsyncGenerator<string> {
    yield csvLine(COLUMNS);
    for await (const rows of this.reader.filtered(filter))
      yield rows
        .map((row) =>
          csvLine([
            row.position,
            row.at,
            row.actor,
            row.action,
            row.target_kind,
            row.target_id,
            row.address,
            JSON.stringify(row.details),
            row.hash,
          ]),
        )
        .join('');
  }

  private async *ndjson(): AsyncGenerator<string> {
    const { heads, parts } = await this.reader.chain();
    const waiting: AuditHead[] = [...heads];
    const exportedAt = this.clock.now().toISOString();
    yield line({ type: 'audit_export', format: 1, manager_id: this.installation.managerId, exported_at: exportedAt });
    let rows = 0;
    for await (const part of parts) {
      let text = '';
      for (const row of part) {
        // An anchor stands before the first row that is left.
        while (waiting[0] && waiting[0].position < row.position) text += line({ type: 'head', ...(waiting.shift() as AuditHead) });
        text += line({ type: 'row', ...row });
      }
      rows += part.length;
      yield text;
    }
    yield waiting.map((head) => line({ type: 'head', ...head })).join('') + line({ type: 'audit_export_end', rows });
  }
}

async function write(response: Response, text: string): Promise<void> {
  if (response.write(text) || response.destroyed) return;
  await Promise.race([once(response, 'drain'), once(response, 'close')]);
}
