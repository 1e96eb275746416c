import { readFileSync } from 'node:fs';
import { describe, expect, it } from '@jest/globals';
import { ERROR_CODES } from '@tidegate/contract-errors';
import { parse } from 'yaml';
import { METRICS, type MetricDefinition } from './definitions.ts';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string; readonly runbook: string };
}
const file = (path: string): string => readFileSync(new URL(`../../../../../${path}`, import.meta.url), 'utf8');
const { groups } = parse(file('deploy/prometheus/alerts.yml')) as { groups: { name: string; rules: Rule[] }[] };
const rules = groups.flatMap((group) => group.rules.map((rule) => [rule.alert, rule] as const));
const page = file('docs/metrics.md');

/** Of the process, by prom-client. */
const DEFAULTS = ['nodejs_eventloop_lag_p99_seconds'];

describe.each(rules)('the alert %s', (name, rule) => {
  const selectors = [...rule.expr.matchAll(/\b((?:tidegate|nodejs|process)_[a-z0-9_]+)(?:\{([^}]*)\})?/g)];

  it('asks for metrics and labels that exist, and names codes that exist', () => {
    expect(selectors).not.toEqual([]);
    for (const [, metric = '', matchers = ''] of selectors) {
      const base = metric.replace(/_(bucket|sum|count)$/, '');
      if (DEFAULTS.includes(metric)) continue;
      const found = (METRICS as Readonly<Record<string, MetricDefinition>>)[base];
      expect([metric, found?.kind]).toEqual([metric, base === metric ? expect.stringMatching(/gauge|counter/) : 'histogram']);
      for (const [, label = '', value = ''] of matchers.matchAll(/(\w+)=~?"([^"]*)"/g)) {
        expect(Object.keys(found?.labels ?? {})).toContain(label);
        if (label === 'code') expect(value.split('|').filter((code) => !(ERROR_CODES as readonly string[]).includes(code))).toEqual([]);
        else if (!value.includes('.')) expect(found?.labels[label]).toContain(`\`${value}\``);
      }
    }
  });

  it('has a runbook line where its annotation says', () => {
    expect(rule.annotations.runbook).toBe(`docs/metrics.md#${name.toLowerCase()}`);
    expect(page).toMatch(new RegExp(`### ${name}\\n\\n- \\*\\*Meaning:\\*\\* \\S.*\\.  ?\\(|### ${name}\\n\\n- \\*\\*Meaning:\\*\\* \\S`));
    expect(page.split(`### ${name}\n`)[1]?.split('###')[0]).toMatch(/- \*\*Runbook:\*\* \S.*\.\n/);
  });

  it('says how grave it is and how long it has to hold', () => {
    expect(rule.labels.severity).toMatch(/^(warning|critical)$/);
    expect(rule.for).toMatch(/^\d+[mhd]$/);
    expect(rule.annotations.summary).toMatch(/\.$/);
  });
});

it('does not sum what every replica says alike', () => {
  const alike = Object.entries(METRICS).flatMap(([name, { of }]) => (of === 'installation' ? [name] : []));
  for (const [, { expr }] of rules) for (const name of alike) expect(expr.replaceAll('sum by (instance)', '')).not.toMatch(`sum(${name}`);
});
