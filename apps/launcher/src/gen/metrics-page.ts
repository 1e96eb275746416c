import type { Alert, ManagerReference, Metric } from './manager-reference.ts';
import { page, table } from './markdown.ts';

const SOURCE = 'apps/manager/src/platform/metrics';

const SCRAPING = [
  '```yaml',
  'scrape_configs:',
  '  - job_name: tidegate',
  '    authorization: { credentials_file: /etc/prometheus/tidegate-token } # only with metrics.token_file',
  '    static_configs:',
  '      - targets: [manager-1.example:9464, manager-2.example:9464]',
  '```',
].join('\n');

const metricTable = (metrics: readonly (readonly [string, Metric])[]): string =>
  table(
    ['metric', 'kind', 'meaning', 'labels'],
    metrics.map(([name, { kind, help, labels }]) => [
      `\`${name}\``,
      kind,
      help,
      Object.entries(labels)
        .map(([label, values]) => `\`${label}\`: ${values}`)
        .join('; '),
    ]),
  );

const alertSection = ([name, { severity, expr, lasting, meaning, runbook }]: readonly [string, Alert]): string =>
  [
    `### ${name}`,
    [
      `- **Meaning:** ${meaning} (${severity})`,
      `- **When:** \`${expr}\`${lasting === '0m' ? '' : ` for ${lasting}`}`,
      `- **Runbook:** ${runbook}`,
    ].join('\n'),
  ].join('\n\n');

/** `docs/metrics.md` */
export function metricsPage({ metrics, alerts }: ManagerReference): string {
  const of = (whose: Metric['of']): (readonly [string, Metric])[] => Object.entries(metrics).filter(([, metric]) => metric.of === whose);
  return page(
    'Metrics of the manager',
    SOURCE,
    'For Prometheus, and off unless asked for: `metrics.listen` gives them an address of their own (plain http, for the network of the monitoring), `metrics.token_file` puts `/metrics` beside the API for whoever sends the file’s content as a bearer token. With both, the own address asks for the token as well.',
    SCRAPING,
    'Besides these there are the usual ones of a Node.js process (`process_…`, `nodejs_…`), the event loop’s lag among them.',
    '## Of the installation',
    'Read from the database by one statement, at most every ten seconds, so every replica says the same: take their `max`, never their sum. While the database is away they are left out.',
    metricTable(of('installation')),
    '## Of one replica',
    'Of the process that answers, since its start: sum them over replicas. None of them names a node.',
    metricTable(of('replica')),
    '## Alerts',
    'As rules for Prometheus: `deploy/prometheus/alerts.yml`.',
    ...Object.entries(alerts).map(alertSection),
  );
}

/** `deploy/prometheus/alerts.yml`. A JSON string is a YAML string. */
export function alertRules({ alerts }: ManagerReference): string {
  const rules = Object.entries(alerts).flatMap(([name, { severity, expr, lasting, meaning }]) => [
    `      - alert: ${name}`,
    `        expr: ${JSON.stringify(expr)}`,
    `        for: ${lasting}`,
    `        labels: { severity: ${severity} }`,
    '        annotations:',
    `          summary: ${JSON.stringify(meaning)}`,
    `          runbook: docs/metrics.md#${name.toLowerCase()}`,
  ]);
  return [`# Generated from ${SOURCE} by \`npm run gen\`; do not edit.`, 'groups:', '  - name: tidegate', '    rules:', ...rules, ''].join(
    '\n',
  );
}
