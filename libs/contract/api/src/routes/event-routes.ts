import { openStream, pullRecords, queryEvents, siemEventPage } from '../event-query.ts';
import { eventPage, listEvents } from '../requests.ts';
import { route } from '../route.ts';

export const eventRoutes = {
  listEvents: route({
    method: 'GET',
    path: '/api/v1/events',
    access: 'event.read',
    summary: 'Events of all nodes and of the manager, filtered and paged, newest first.',
    query: queryEvents,
    answer: eventPage,
  }),
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
    query: openStream,
    stream: 'text/event-stream',
  }),
  pullEvents: route({
    method: 'GET',
    path: '/api/v1/siem/events',
    access: 'event.export',
    summary: 'Events for a SIEM, oldest first, exactly once by cursor; JSON or NDJSON.',
    query: pullRecords,
    answer: siemEventPage,
  }),
};
