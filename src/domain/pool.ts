import type { LabelSet } from "./labels.ts";
import type { NodeSettings } from "./node-settings.ts";
import type { ResourceRule } from "./resources/rule.ts";
import type { WarmRule } from "./warm.ts";

/**
 * May an allocation take another job after its first?
 * - `never`: it serves one job.
 * - `same-repository`: while only jobs of the repository it served wait in its lane.
 * - `lane`: any job of its lane.
 */
export const REUSE_POLICIES = ["never", "same-repository", "lane"] as const;
export type ReusePolicy = (typeof REUSE_POLICIES)[number];

/** How many allocations there may be at once. `Infinity` for no ceiling. */
export interface Ceiling {
  /** Waiting in PBS and started, together: when PBS starts one is not ours to say. */
  readonly maxAllocations: number;
  /** Of these, not yet started. */
  readonly maxWaiting: number;
}

/** A stanza of the configuration: the labels it answers to, PBS resources with defaults and ceilings, how many. */
export interface Pool extends Ceiling {
  readonly name: string;
  readonly labels: LabelSet;
  /** Among pools that answer to a job equally well, the highest takes it. */
  readonly priority: number;
  /** PBS destination for `qsub -q`: `queue` or `queue@server`; `null` for the server's default. */
  readonly queue: string | null;
  /** `qsub -A`; `null` where the site needs none. */
  readonly account: string | null;
  /** Template of `qsub -l select=`: `{nodes}:ncpus={ncpus}`. */
  readonly select: string;
  /** `qsub -l place=`. */
  readonly place: string | null;
  /** Templates of further `qsub -l`: `job_priority={job_priority}`. */
  readonly jobResources: readonly string[];
  /** For a job that asks for none. */
  readonly walltimeSeconds: number;
  /** How long an allocation lasts at the most, so that it can take further jobs; `null` for as long as one job. */
  readonly allocationSeconds: number | null;
  /** What a job may ask for by its labels, by key. */
  readonly resources: Readonly<Record<string, ResourceRule>>;
  /** Shell lines run in the allocation before the runner starts, such as `module load`. */
  readonly environment: readonly string[];
  /** Name of the GitHub runner group its runners are registered in. */
  readonly runnerGroup: string;
  readonly reuse: ReusePolicy;
  /** Seats of one PBS job: so many jobs run side by side in it. */
  readonly slots: number;
  /** How long an allocation that served waits for its next job. */
  readonly idleSeconds: number;
  readonly warm: readonly WarmRule[];
  readonly node: NodeSettings;
}

/** Whom else allocations are counted by. A user is GitHub's, an account PBS's. */
export const COUNTED_BY = ["repository", "user", "account", "organization"] as const;
export type CountedBy = (typeof COUNTED_BY)[number];

/** Ceilings over all pools: in all, and for each repository, user, account and organization. */
export interface Limits extends Ceiling {
  readonly each: Readonly<Record<CountedBy, Ceiling>>;
}
