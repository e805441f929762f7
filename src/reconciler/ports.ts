import type { Lane } from "../domain/lane.ts";
import type { EpochMs } from "../domain/time.ts";
import type { GitHub } from "../github/github.ts";
import type { Handoff } from "../handoff/handoff.ts";
import type { Pbs, Submission } from "../pbs/pbs.ts";

export interface Clock {
  now(): EpochMs;
  /** Resolves after `ms` or when `signal` is aborted, whichever is first. Never rejects. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

/** One PBS job that is to be: a single allocation, an array of them, or one of which they are the seats. */
export interface NewPbsJob {
  readonly name: string;
  readonly lane: Lane;
  /** The directory of each allocation, by index or seat. */
  readonly handoffs: readonly string[];
}

/** Everything outside the program that the reconciler observes and changes. */
export interface Ports {
  readonly pbs: Pbs;
  readonly github: GitHub;
  readonly handoff: Handoff;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly describe: (job: NewPbsJob) => Submission;
  /** Removes files that are too old to matter. Never rejects. */
  readonly tidy: () => Promise<void>;
  /** Finds and stores what no event told. Never rejects. */
  readonly recover: () => Promise<void>;
  /**
   * Keeps GitHub's runner as new as GitHub wants it. Called every hour, and knows itself when to look; at once when GitHub
   * has `refused` the one that is installed. Resolves with whether a newer one is there now; never rejects.
   */
  readonly refresh: (refused: boolean) => Promise<boolean>;
}
