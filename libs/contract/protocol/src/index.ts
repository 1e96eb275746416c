export { authPayload, keyPayload, type AuthPayload, type KeyPayload } from './auth-payload.ts';
export {
  action,
  authError,
  authOk,
  command,
  eventAck,
  fromManager,
  healthAck,
  hello,
  keyAccepted,
  registered,
  settings,
  type Action,
  type AuthOk,
  type Command,
  type FromManager,
  type Hello,
  type Settings,
} from './from-manager.ts';
export {
  auth,
  commandAck,
  event,
  facts,
  fromNode,
  health,
  keyOffer,
  register,
  type AttemptReport,
  type Auth,
  type CommandAck,
  type Facts,
  type FromNode,
  type Health,
  type KeyOffer,
  type Register,
} from './from-node.ts';
export { CLOSE, WIRE } from './limits.ts';
export { MESSAGES } from './messages.ts';
export { parseFromManager, parseFromNode } from './parse.ts';
export {
  attemptId,
  commandId,
  line,
  nodeId,
  nonce,
  publicKey,
  registrationToken,
  signature,
  type AttemptId,
  type CommandId,
  type NodeId,
} from './primitives.ts';
