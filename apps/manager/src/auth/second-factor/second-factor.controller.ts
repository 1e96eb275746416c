import { Body, Controller } from '@nestjs/common';
import {
  beginSecondFactor,
  confirmSecondFactor,
  removeSecondFactor,
  type RecoveryCodes,
  type SecondFactorSecret,
  type SecondFactorView,
} from '@tidegate/contract-api';
import type { z } from 'zod';
import { against, Serve } from '../../platform/index.ts';
import { Caller, type SignedIn } from '../access-rule.ts';
import { SecondFactor } from './second-factor.ts';

@Controller()
export class SecondFactorController {
  constructor(private readonly factor: SecondFactor) {}

  @Serve('readSecondFactor')
  read(@Caller() caller: SignedIn): Promise<SecondFactorView> {
    return this.factor.view(caller);
  }

  @Serve('beginSecondFactor')
  begin(
    @Caller() caller: SignedIn,
    @Body(against(beginSecondFactor)) body: z.output<typeof beginSecondFactor>,
  ): Promise<SecondFactorSecret> {
    return this.factor.begin(caller, body.password);
  }

  @Serve('confirmSecondFactor')
  confirm(
    @Caller() caller: SignedIn,
    @Body(against(confirmSecondFactor)) body: z.output<typeof confirmSecondFactor>,
  ): Promise<RecoveryCodes> {
    return this.factor.confirm(caller, body.code);
  }

  @Serve('removeSecondFactor')
  remove(@Caller() caller: SignedIn, @Body(against(removeSecondFactor)) body: z.output<typeof removeSecondFactor>): Promise<void> {
    return this.factor.remove(caller, body.password, body);
  }
}
