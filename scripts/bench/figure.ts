/** What one benchmark found out: several measurements of one thing, and of what it is held against. */
export interface Figure {
  readonly name: string;
  readonly unit: string;
  /** One a round. */
  readonly samples: readonly number[];
  /** Measured in the same rounds, by turns with the samples, so that a noisy machine spoils both alike. */
  readonly baseline?: { readonly name: string; readonly samples: readonly number[] };
  readonly goal?: Goal;
  /** What a reader must know to read the figure: one sentence. */
  readonly note?: string;
}

/** A bound on the median of the samples, or of their ratios to the baseline. */
export interface Goal {
  readonly of: "median" | "ratio";
  readonly at: "least" | "most";
  readonly value: number;
}

export interface BenchmarkOptions {
  /** By which the sizes of GitHub's runner's files are multiplied. */
  readonly scale: number;
}

export interface Benchmark {
  /** As on the command line: `npm run bench -- intake`. */
  readonly name: string;
  readonly about: string;
  /** Milliseconds or work per round are the benchmark's own matter; `rounds` is how often it measures. */
  run(rounds: number, options: BenchmarkOptions): Promise<readonly Figure[]>;
}

export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export function spreadOf(samples: readonly number[]): Spread {
  const sorted = samples.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const low = sorted[Math.ceil(middle) - 1] ?? Number.NaN;
  const high = sorted[Math.floor(middle)] ?? Number.NaN;
  return {
    median: (low + high) / 2,
    least: sorted[0] ?? Number.NaN,
    most: sorted.at(-1) ?? Number.NaN,
  };
}

/** The value below which a part of the samples lies: 0.95 for the 95th percentile. */
export function quantileOf(samples: readonly number[], part: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.ceil(part * sorted.length) - 1] ?? Number.NaN;
}

/** Round by round: sample over baseline. `null` without a baseline. */
export function ratiosOf({ samples, baseline }: Figure): readonly number[] | null {
  if (!baseline) return null;
  return samples.flatMap((sample, round) => {
    const against = baseline.samples[round];
    return against === undefined || against === 0 ? [] : [sample / against];
  });
}

/** `null` where there is no goal. */
export function isMet(figure: Figure): boolean | null {
  const { goal } = figure;
  if (!goal) return null;
  const values = goal.of === "median" ? figure.samples : (ratiosOf(figure) ?? []);
  const { median } = spreadOf(values);
  return goal.at === "least" ? median >= goal.value : median <= goal.value;
}
