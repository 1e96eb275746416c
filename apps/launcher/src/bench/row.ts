/** What one run of one side may measure. A run gives what its rows ask for. */
export interface Sample {
  readonly wallMs?: number;
  /** Processor time of the measured process, all threads. */
  readonly cpuMs?: number;
  /** From the moment the server had sent the last byte until the work was done. */
  readonly tailMs?: number;
  /** Most memory the process ever had resident, in millions of bytes. */
  readonly peakMb?: number;
  /** Memory resident while nothing happens, in millions of bytes. */
  readonly idleMb?: number;
  /** Memory per connected node: resident, and of the JavaScript heap alone, in thousands of bytes. */
  readonly nodeKb?: number;
  readonly heapKb?: number;
  /** How late the loop of the measured process turned, 99th percentile. */
  readonly lagMs?: number;
  /** 95th percentile of one kind of request, where a run measures several kinds. */
  readonly [kind: `p95Ms ${string}`]: number;
}

export type Metric = keyof Sample;

/** One line of the table: the product's median against the baseline's (`ratioAtMost`), or against a fixed limit beside it (`atMost`). */
export type Goal = { readonly id: string; readonly metric: Metric } & ({ readonly ratioAtMost: number } | { readonly atMost: number });

/** Runs that are measured together, and the rows that are read from them. */
export interface Series {
  readonly goals: readonly Goal[];
  /** Absent where every goal is a fixed limit. */
  readonly baseline?: () => Promise<Sample>;
  readonly product: () => Promise<Sample>;
  readonly runs: number;
  /** Frees what the runs needed. */
  readonly close: () => Promise<void>;
}

export interface RowResult {
  readonly id: string;
  readonly metric: Metric;
  readonly baseline?: number;
  readonly product: number;
  readonly ratio?: number;
  readonly goal: number;
  readonly pass: boolean;
  readonly runs: number;
  /** The runs of one side differ so much among themselves that the row should not be trusted. */
  readonly noisy: boolean;
}

/** Half the runs lie within this share of the median, or the row is called noisy. */
const QUIET_SPREAD = 0.2;

/**
 * Runs both sides alternately, so that whatever else the machine does falls on both alike. One unmeasured run of each
 * warms caches first: what is measured is the second start of a day, not the first.
 */
export async function measureSeries(series: Series): Promise<RowResult[]> {
  try {
    await series.baseline?.();
    await series.product();
    const baseline: Sample[] = [];
    const product: Sample[] = [];
    for (let run = 0; run < series.runs; run++) {
      // The order alternates too: the side that always goes second would meet the other's leftovers each time.
      const sides = [
        async () => series.baseline && void baseline.push(await series.baseline()),
        async () => void product.push(await series.product()),
      ];
      for (const side of run % 2 === 0 ? sides : sides.reverse()) await side();
    }
    return series.goals.map((goal) => resultOf(goal, baseline, product));
  } finally {
    await series.close();
  }
}

/** A side that did not measure what the goal is about gives NaN, which passes nothing. */
export function resultOf(goal: Goal, baseline: readonly Sample[], product: readonly Sample[]): RowResult {
  const { id, metric } = goal;
  const valuesOf = (samples: readonly Sample[]): number[] => samples.map((sample) => sample[metric] ?? Number.NaN);
  const ours = valuesOf(product);
  const row = { id, metric, product: rounded(median(ours)), runs: product.length };
  const theirs = valuesOf(baseline);
  if ('atMost' in goal) {
    const beside = theirs.length > 0 && { baseline: rounded(median(theirs)) };
    return { ...row, ...beside, goal: goal.atMost, pass: median(ours) <= goal.atMost, noisy: isNoisy(ours) };
  }
  const ratio = rounded(median(ours) / median(theirs));
  const pass = ratio <= goal.ratioAtMost;
  return { ...row, baseline: rounded(median(theirs)), ratio, goal: goal.ratioAtMost, pass, noisy: isNoisy(ours) || isNoisy(theirs) };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** Median distance from the median, as a share of it: one run that met a hiccup does not make a row noisy. */
function isNoisy(values: readonly number[]): boolean {
  const centre = median(values);
  return median(values.map((value) => Math.abs(value - centre))) / centre > QUIET_SPREAD;
}

const rounded = (value: number): number => Math.round(value * 100) / 100;
