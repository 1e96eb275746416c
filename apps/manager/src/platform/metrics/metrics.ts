import { Injectable } from '@nestjs/common';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { METRICS, type LabelOf, type MetricDefinition, type MetricName, type NameOf } from './definitions.ts';

export interface Reading {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The metrics of one manager. Kept also when nobody may read them: counting costs less than asking whether to count. */
@Injectable()
export class Metrics {
  private readonly registries = { installation: new Registry(), replica: new Registry() };
  private readonly queues = new Map<string, () => number>();

  constructor() {
    this.read('tidegate_queue_depth', () => [...this.queues].map(([queue, depth]) => ({ labels: { queue }, value: depth() })));
  }

  counter<N extends NameOf<'counter'>>(name: N): Counter<LabelOf<N>> {
    return new Counter<LabelOf<N>>(this.settings(name));
  }

  gauge<N extends NameOf<'gauge'>>(name: N): Gauge<LabelOf<N>> {
    return new Gauge<LabelOf<N>>(this.settings(name));
  }

  histogram<N extends NameOf<'histogram'>>(name: N): Histogram<LabelOf<N>> {
    return new Histogram<LabelOf<N>>({ ...this.settings(name), buckets: [...METRICS[name].buckets] });
  }

  /** A gauge of what somebody keeps anyway: asked for only when somebody looks. */
  read<N extends NameOf<'gauge'>>(name: N, readings: () => number | readonly Reading[]): void {
    new Gauge<LabelOf<N>>({
      ...this.settings(name),
      collect() {
        this.reset();
        const now = readings();
        if (typeof now === 'number') this.set(now);
        else for (const { labels, value } of now) this.set(labels as Record<LabelOf<N>, string>, value);
      },
    });
  }

  /** The same for a plain number that only grows: beats are too many for a counter's bookkeeping. */
  total<N extends NameOf<'counter'>>(name: N, count: () => number): void {
    new Counter<LabelOf<N>>({
      ...this.settings(name),
      collect() {
        this.reset();
        this.inc(count());
      },
    });
  }

  /** What waits in a batch writer. */
  queue(name: string, depth: () => number): void {
    this.queues.set(name, depth);
  }

  get ofReplica(): Registry {
    return this.registries.replica;
  }

  get ofInstallation(): Registry {
    return this.registries.installation;
  }

  private settings<N extends MetricName>(name: N): { name: N; help: string; labelNames: LabelOf<N>[]; registers: Registry[] } {
    const { help, labels, of }: MetricDefinition = METRICS[name];
    return { name, help, labelNames: Object.keys(labels) as LabelOf<N>[], registers: [this.registries[of]] };
  }
}
