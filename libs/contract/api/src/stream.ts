import { z } from 'zod';
import { nodeId } from '@tidegate/contract-protocol';
import { eventView, nodeView } from './node-view.ts';

/**
 * `GET /api/v1/stream` (server-sent events). Each `data:` line is one of these. A client that reconnects loads its page anew:
 * the stream says what changed, the lists say what is.
 */
export const streamMessage = z.discriminatedUnion('type', [
  z.object({ type: z.literal('node'), node: nodeView }),
  z.object({ type: z.literal('node_removed'), node_id: nodeId }),
  z.object({ type: z.literal('event'), event: eventView }),
]);
export type StreamMessage = z.infer<typeof streamMessage>;
