import { createHash } from 'node:crypto';
import { newReadableSecret } from '../password.ts';

const CODES = 10;
const GROUPS = 4;

/** 80 random bits each. */
export const newRecoveryCodes = (): string[] => Array.from({ length: CODES }, () => newReadableSecret(GROUPS));

/** As people type it: any case, with or without the dashes. Nobody guesses 80 bits, so a plain hash protects them in the database. */
export const hashOfRecoveryCode = (userId: string, code: string): Buffer =>
  createHash('sha256')
    .update(`${userId}\n${code.toLowerCase().replaceAll(/[\s-]/g, '')}`)
    .digest();
