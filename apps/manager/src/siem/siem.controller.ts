import { Controller, Query, Req, Res } from '@nestjs/common';
import { pullRecords, type PullRecords } from '@tidegate/contract-api';
import { reach, type Reach } from '@tidegate/domain-access';
import type { Request, Response } from 'express';
import { Caller, type SignedIn } from '../auth/index.ts';
import { against, Serve } from '../platform/index.ts';
import { RecordPull } from './record-pull.ts';
import { auditStream, eventStream, type RecordStream } from './record-stream.ts';

const NDJSON = 'application/x-ndjson';

/** What a SIEM pulls. Each line of NDJSON is one row; a line break inside any text is escaped by JSON and cannot forge one. */
@Controller()
export class SiemController {
  constructor(private readonly records: RecordPull) {}

  @Serve('pullEvents')
  async events(
    @Caller() caller: SignedIn,
    @Query(against(pullRecords)) query: PullRecords,
    @Req() request: Request,
    @Res() response: Response,
  ): Promise<void> {
    await this.send(eventStream, query, reach(caller.principal, 'event.export'), request, response);
  }

  @Serve('pullAudit')
  async audit(@Query(against(pullRecords)) query: PullRecords, @Req() request: Request, @Res() response: Response): Promise<void> {
    await this.send(auditStream, query, null, request, response);
  }

  private async send<T>(stream: RecordStream<T>, query: PullRecords, within: Reach | null, request: Request, response: Response) {
    const hungUp = new AbortController();
    response.once('close', () => hungUp.abort());
    const { items, next_cursor } = await this.records.pull(stream, query, within, hungUp.signal);
    response.setHeader('Cache-Control', 'no-store');
    response.setHeader('X-Next-Cursor', next_cursor);
    if (query.format !== 'ndjson' && (query.format === 'json' || request.accepts(['application/json', NDJSON]) !== NDJSON))
      return void response.json({ items, next_cursor });
    response.type(NDJSON).send(items.map((item) => `${JSON.stringify(item)}\n`).join(''));
  }
}
