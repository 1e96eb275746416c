/** Prints what docs are generated from. `npm run gen` runs it: apps do not import each other. */
import { CONFIG_MEANINGS } from '../platform/config-meanings.ts';
import { SETTINGS } from '../platform/config.ts';
import { ALERTS } from '../platform/metrics/alerts.ts';
import { METRICS } from '../platform/metrics/definitions.ts';
import { configSchema } from '../platform/shown-config.ts';

const environment = Object.fromEntries([...SETTINGS].map(([name, { path }]) => [path.join('.'), name]));
const config = { schema: configSchema(), environment, meanings: CONFIG_MEANINGS };
process.stdout.write(JSON.stringify({ metrics: METRICS, alerts: ALERTS, config }));
