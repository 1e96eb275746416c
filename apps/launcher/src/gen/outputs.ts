import * as api from '@tidegate/contract-api';
import { EVENTS, nodeEvent, PLATFORM_EVENTS, upgradeDetails } from '@tidegate/contract-events';
import { manifest } from '@tidegate/contract-manifest';
import { CLOSE, MESSAGES, WIRE } from '@tidegate/contract-protocol';
import { z } from 'zod';
import { accessPage, explainPage, routeTable } from './api-pages.ts';
import { attemptPage } from './attempt-docs.ts';
import { cliPage } from './cli-page.ts';
import { configPage } from './config-page.ts';
import { errorPage } from './error-docs.ts';
import { managerReference } from './manager-reference.ts';
import { page, table } from './markdown.ts';
import { alertRules, metricsPage } from './metrics-page.ts';
import { fieldTable, recordPage, schemaFile } from './schema-docs.ts';

/** Of the API, not of a build: it changes when a client has to change. */
const API_VERSION = '1';

/** Every export of contract/api that is a schema, by its name. */
const API_SCHEMAS = Object.entries(api).flatMap(([name, value]) => (value instanceof z.ZodType ? [[name, value] as const] : []));

const protocolPage = (): string =>
  recordPage(
    'The wire between node and manager',
    'libs/contract/protocol',
    [
      `One WebSocket per node on \`${WIRE.path}\`, subprotocol \`${WIRE.subprotocol}\`, protocol versions ${WIRE.protocol.min} to ${WIRE.protocol.max}. Every frame is one JSON object of at most ${WIRE.maxPayloadBytes} bytes with a \`type\`. Unknown fields are ignored; an unknown \`type\` is refused. A connection that has not authenticated after ${WIRE.authDeadlineMs / 1000} s is closed.`,
      table(
        ['close code', 'meaning'],
        Object.entries(CLOSE).map(([name, code]) => [String(code), name]),
      ),
      'The same as JSON Schema: `docs/schema/protocol/`.',
    ],
    MESSAGES,
  );

const eventTable = (events: typeof EVENTS | typeof PLATFORM_EVENTS): string =>
  table(
    ['event', 'category', 'severity', 'meaning'],
    Object.entries(events).map(([name, { category, severity, meaning }]) => [`\`${name}\``, category, severity, meaning]),
  );

const eventPage = (): string =>
  page(
    'Events',
    'libs/contract/events',
    'Of a node: delivered at least once, in the order of `seq` within a `spool_id`; a reader drops what it has seen. `upgrade_failed` and `upgrade_refused` are as grave as the code they carry ([errors.md](errors.md)). How a SIEM reads all of them: [siem.md](siem.md).',
    eventTable(EVENTS),
    '## Events of the manager',
    eventTable(PLATFORM_EVENTS),
    '## One event of a node, on the wire',
    fieldTable(nodeEvent),
    '## The details of category `upgrade`',
    fieldTable(upgradeDetails),
  );

const apiPage = (): string =>
  page(
    'The HTTP API',
    'libs/contract/api',
    'Bodies are JSON. A refusal is a `problem` with one of the codes of [errors.md](errors.md).',
    'The same as OpenAPI 3.1: `docs/openapi.json`, which the manager serves as well.',
    routeTable(),
    ...API_SCHEMAS.flatMap(([name, schema]) => [`## \`${name}\``, fieldTable(schema)]),
  );

const manifestPage = (): string =>
  page(
    'The release manifest',
    'libs/contract/manifest',
    '`manifest.json` is what a publisher signs. Unknown fields are ignored. Rules across fields (no path twice, none of the two statement files, sizes that add up, an executable entry point) stand in the source beside the fields.',
    fieldTable(manifest),
  );

/** Every generated file: path from the root, and its text. */
export function outputs(): ReadonlyMap<string, string> {
  const manager = managerReference();
  return new Map([
    ['docs/errors.md', errorPage()],
    ['docs/manifest.md', manifestPage()],
    ['docs/protocol.md', protocolPage()],
    ['docs/events.md', eventPage()],
    ['docs/api.md', apiPage()],
    ['docs/access.md', accessPage()],
    ['docs/openapi.json', `${JSON.stringify(api.openApiDocument(API_VERSION), null, 2)}\n`],
    ['docs/explain.md', explainPage()],
    ['docs/attempt.md', attemptPage()],
    ['docs/cli.md', cliPage()],
    ['docs/manager-config.md', configPage(manager)],
    ['docs/metrics.md', metricsPage(manager)],
    ['deploy/prometheus/alerts.yml', alertRules(manager)],
    ['docs/schema/manifest.json', schemaFile(manifest)],
    ['docs/schema/event.json', schemaFile(nodeEvent)],
    ['docs/schema/upgrade-details.json', schemaFile(upgradeDetails)],
    ...Object.entries(MESSAGES).map(([name, { schema }]) => [`docs/schema/protocol/${name}.json`, schemaFile(schema)] as const),
    ...API_SCHEMAS.map(([name, schema]) => [`docs/schema/api/${name}.json`, schemaFile(schema)] as const),
  ]);
}
