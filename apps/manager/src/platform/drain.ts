import { Injectable } from '@nestjs/common';

/** Once active, nothing new is admitted; what runs is finished. */
@Injectable()
export class Drain {
  active = false;
}
