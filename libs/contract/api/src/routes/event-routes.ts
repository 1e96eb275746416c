import { eventPage, listEvents } from '../requests.ts';
import { route } from '../route.ts';

export const eventRoutes = {
  listNodeEvents: route({
    method: 'GET',
    path: '/api/v1/nodes/:id/events',
    access: 'event.read',
    summary: 'Events of a node, newest first.',
    query: listEvents,
    answer: eventPage,
  }),
  openStream: route({
    method: 'GET',
    path: '/api/v1/stream',
    access: 'node.read',
    summary: 'What changes, as it changes.',
    stream: 'text/event-stream',
  }),
};
