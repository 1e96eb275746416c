import { Module } from '@nestjs/common';
import { APP_INTERCEPTOR } from '@nestjs/core';
import { Idempotency } from './idempotency.ts';

@Module({ providers: [Idempotency, { provide: APP_INTERCEPTOR, useExisting: Idempotency }] })
export class IdempotencyModule {}

export { idempotencyPersistence } from './persistence/index.ts';
