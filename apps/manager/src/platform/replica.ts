import { randomUUID } from 'node:crypto';
import { Injectable } from '@nestjs/common';

/** This process among those that serve one database. A start makes a new one: nothing is ever taken over by name. */
@Injectable()
export class Replica {
  readonly id: string = randomUUID();
}
