import { Module, type DynamicModule } from '@nestjs/common';
import { AuditModule, auditPersistence } from './audit/index.ts';
import { AuthModule, authPersistence } from './auth/index.ts';
import { PlatformModule, platformPersistence, type PlatformParts } from './platform/index.ts';

const PERSISTENCE = [platformPersistence, authPersistence, auditPersistence];

@Module({})
export class AppModule {
  static with(parts: PlatformParts): DynamicModule {
    return { module: AppModule, imports: [PlatformModule.with(parts, PERSISTENCE), AuditModule, AuthModule] };
  }
}
