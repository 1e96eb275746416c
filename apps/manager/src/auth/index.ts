import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AccessGuard } from './access.guard.ts';
import { FirstAccount } from './first-account.ts';
import { SessionController } from './session.controller.ts';
import { Sessions } from './sessions.ts';

@Module({
  controllers: [SessionController],
  providers: [Sessions, FirstAccount, { provide: APP_GUARD, useClass: AccessGuard }],
  exports: [Sessions],
})
export class AuthModule {}

export { Caller, signedInOf, type SignedIn } from './access-rule.ts';
export { authPersistence } from './persistence/index.ts';
export { Sessions } from './sessions.ts';
