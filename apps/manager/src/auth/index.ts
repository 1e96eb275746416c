import { Module } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { AccessGuard } from './access.guard.ts';
import { AccountController } from './account.controller.ts';
import { ApiTokens } from './api-tokens/api-tokens.ts';
import { Callers } from './callers.ts';
import { Credentials } from './credentials.ts';
import { FirstAccount } from './first-account.ts';
import { GroupsController } from './groups/groups.controller.ts';
import { Groups } from './groups/groups.ts';
import { MembersController } from './groups/members.controller.ts';
import { Members } from './groups/members.ts';
import { Identities } from './oidc/identities.ts';
import { IdentitiesController } from './oidc/identities.controller.ts';
import { MappedAccounts } from './oidc/mapped-accounts.ts';
import { OidcController } from './oidc/oidc.controller.ts';
import { OidcProvider } from './oidc/oidc-provider.ts';
import { OidcSignIn } from './oidc/oidc-sign-in.ts';
import { OwnAccount } from './own-account.ts';
import { SecondFactorController } from './second-factor/second-factor.controller.ts';
import { SecondFactor } from './second-factor/second-factor.ts';
import { SecondStep } from './second-factor/second-step.ts';
import { SessionController } from './session.controller.ts';
import { Sessions } from './sessions.ts';
import { SignIn } from './sign-in.ts';
import { UsersController } from './users/users.controller.ts';
import { Users } from './users/users.ts';

@Module({
  controllers: [
    SessionController,
    SecondFactorController,
    OidcController,
    AccountController,
    UsersController,
    IdentitiesController,
    GroupsController,
    MembersController,
  ],
  providers: [
    Credentials,
    SignIn,
    SecondFactor,
    SecondStep,
    Sessions,
    ApiTokens,
    Callers,
    OwnAccount,
    Users,
    Groups,
    Members,
    FirstAccount,
    OidcProvider,
    MappedAccounts,
    OidcSignIn,
    Identities,
    { provide: APP_GUARD, useClass: AccessGuard },
  ],
  exports: [Callers],
})
export class AuthModule {}

export { Caller, signedInOf, type Credential, type SignedIn } from './access-rule.ts';
export { Callers } from './callers.ts';
export { Credentials } from './credentials.ts';
export { authPersistence } from './persistence/index.ts';
export { createSuperAdmin } from './super-admin.ts';
export { signInGate } from './sign-in-gate.ts';
