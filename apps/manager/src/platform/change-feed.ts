import { EventEmitter } from 'node:events';
import { Injectable } from '@nestjs/common';
import type { EventView } from '@tidegate/contract-api';

interface Changes {
  node: [nodeId: string];
  event: [view: EventView, groupId: string];
}

/** What changed, for live pages. Only ever told after a commit; losing a notice loses no truth, the rows have it. */
@Injectable()
export class ChangeFeed extends EventEmitter<Changes> {}
