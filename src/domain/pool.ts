import type { LabelSet } from "./labels.ts";

/** May an allocation take another job after its first? */
export type ReusePolicy = "never" | "lane";

/** A stanza of the configuration: the labels it answers to, PBS resources, how many. */
export interface Pool {
  readonly name: string;
  readonly labels: LabelSet;
  /** PBS destination for `qsub -q`: `queue` or `queue@server`; `null` for the server's default. */
  readonly queue: string | null;
  /** `qsub -A`; `null` where the site needs none. */
  readonly account: string | null;
  /** `qsub -l select=`. */
  readonly select: string;
  /** `qsub -l place=`. */
  readonly place: string | null;
  readonly walltimeSeconds: number;
  /** Shell lines run in the allocation before the runner starts, such as `module load`. */
  readonly environment: readonly string[];
  /** Name of the GitHub runner group its runners are registered in. */
  readonly runnerGroup: string;
  /** At most this many allocations of the pool at once, waiting and running together. */
  readonly maxAllocations: number;
  readonly reuse: ReusePolicy;
}

/** Ceilings over all pools. */
export interface Limits {
  /** At most this many allocations at once. */
  readonly maxAllocations: number;
}
