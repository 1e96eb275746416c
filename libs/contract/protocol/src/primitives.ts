import { z } from 'zod';

export const nodeId = z.uuid().brand<'NodeId'>();
export type NodeId = z.infer<typeof nodeId>;
export const commandId = z.uuid().brand<'CommandId'>();
export type CommandId = z.infer<typeof commandId>;
export const attemptId = z
  .string()
  .regex(/^[0-9A-Za-z-]{1,64}$/)
  .brand<'AttemptId'>();
export type AttemptId = z.infer<typeof attemptId>;

/** 32 random bytes, base64url without padding. */
export const nonce = z.string().regex(/^[A-Za-z0-9_-]{43}$/);
/** Raw Ed25519 public key, base64url. */
export const publicKey = z.string().regex(/^[A-Za-z0-9_-]{43}$/);
/** Raw Ed25519 signature, base64url. */
export const signature = z.string().regex(/^[A-Za-z0-9_-]{86}$/);
export const registrationToken = z.string().regex(/^tgr_[A-Za-z0-9_-]{43}$/);
/** Text for people: one line. */
export const line = (max: number) =>
  z
    .string()
    .max(max)
    .regex(/^[^\u0000-\u001f\u007f]*$/);
