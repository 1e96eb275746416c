/** One measured run of a process. */
export interface Sample {
  readonly wallMs: number;
  /** Processor time of the measured process, all threads. */
  readonly cpuMs: number;
}

export interface Row {
  readonly id: string;
  /** Highest ratio product / baseline (by wall time) that passes. */
  readonly goal: number;
  readonly baseline: () => Promise<Sample>;
  readonly product: () => Promise<Sample>;
  /** Frees what the runs needed. */
  readonly close: () => Promise<void>;
}

interface Medians {
  readonly wall_ms: number;
  readonly cpu_ms: number;
}

export interface RowResult {
  readonly id: string;
  readonly baseline: Medians;
  readonly product: Medians;
  readonly ratio: number;
  readonly goal: number;
  readonly pass: boolean;
  readonly runs: number;
  /** The runs of one side differ so much among themselves that the ratio should not be trusted. */
  readonly noisy: boolean;
}

/** Half the runs lie within this share of the median, or the row is called noisy. */
const QUIET_SPREAD = 0.2;

/**
 * Runs both sides alternately, so that whatever else the machine does falls on both alike. One unmeasured run of each
 * warms caches first: what is measured is the second start of a day, not the first.
 */
export async function measureRow(row: Row, runs: number): Promise<RowResult> {
  try {
    await row.baseline();
    await row.product();
    const baseline: Sample[] = [];
    const product: Sample[] = [];
    for (let run = 0; run < runs; run++) {
      // The order alternates too: the side that always goes second would meet the other's leftovers each time.
      const sides = [
        () => row.baseline().then((sample) => baseline.push(sample)),
        () => row.product().then((sample) => product.push(sample)),
      ];
      for (const side of run % 2 === 0 ? sides : sides.reverse()) await side();
    }
    return resultOf(row, baseline, product);
  } finally {
    await row.close();
  }
}

export function resultOf({ id, goal }: Pick<Row, 'id' | 'goal'>, baseline: readonly Sample[], product: readonly Sample[]): RowResult {
  const medians = (samples: readonly Sample[]): Medians => ({
    wall_ms: rounded(median(samples.map(({ wallMs }) => wallMs))),
    cpu_ms: rounded(median(samples.map(({ cpuMs }) => cpuMs))),
  });
  const sides = { baseline: medians(baseline), product: medians(product) };
  const ratio = rounded(sides.product.wall_ms / sides.baseline.wall_ms);
  const noisy = [baseline, product].some((samples) => spread(samples.map(({ wallMs }) => wallMs)) > QUIET_SPREAD);
  return { id, ...sides, ratio, goal, pass: ratio <= goal, runs: product.length, noisy };
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** Median distance from the median, as a share of it: one run that met a hiccup does not make a row noisy. */
function spread(values: readonly number[]): number {
  const centre = median(values);
  return median(values.map((value) => Math.abs(value - centre))) / centre;
}

const rounded = (value: number): number => Math.round(value * 100) / 100;
