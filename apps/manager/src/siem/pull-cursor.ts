import { createHash } from 'node:crypto';
import { CodedError } from '@tidegate/contract-errors';
import type { StreamName } from '../sequence/index.ts';

/** After which row a reader goes on. The tag tells that row from another one that a restored database may have put at its position. */
export interface PullCursor {
  readonly position: number;
  /** Empty at 0. */
  readonly tag: string;
}

const TAG_LENGTH = 12;
const CHECK_LENGTH = 16;
const TEXT = /^(\d{1,15})\.([0-9a-f-]{0,12})\.([0-9a-f]{16})$/;

/**
 * Not a secret and no right to anything: who may read what is asked anew each time. It only keeps a cursor from being used with another
 * installation, another stream, or with a digit lost on the way.
 */
const checkOf = (managerId: string, stream: StreamName, body: string): string =>
  createHash('sha256').update(`tidegate-cursor-v1\n${managerId}\n${stream}\n${body}`).digest('hex').slice(0, CHECK_LENGTH);

const bodyOf = ({ position, tag }: PullCursor): string => `${position}.${tag.slice(0, TAG_LENGTH)}`;

export function encodePullCursor(managerId: string, stream: StreamName, cursor: PullCursor): string {
  const body = bodyOf(cursor);
  return Buffer.from(`${body}.${checkOf(managerId, stream, body)}`).toString('base64url');
}

/** @throws CodedError request_invalid for a text that this installation did not give for this stream */
export function decodePullCursor(managerId: string, stream: StreamName, text: string): PullCursor {
  const bytes = Buffer.from(text, 'base64url');
  const [, position = '', tag = '', check] = TEXT.exec(bytes.toString('latin1')) ?? [];
  // Another spelling of the same bytes is not what we gave.
  const ours = bytes.toString('base64url') === text && check === checkOf(managerId, stream, `${position}.${tag}`);
  if (!ours) throw new CodedError('request_invalid', { fields: ['after: invalid'] });
  return { position: Number(position), tag };
}

export const isSameRow = (cursor: PullCursor, tag: string): boolean => tag.slice(0, TAG_LENGTH) === cursor.tag;
