import type { EndCause } from "./end-cause.ts";
import type { EpochMs } from "./time.ts";

export const ROOT_METHODS = ["reflink", "hardlink", "copy"] as const;

/** What the preparation of a runner's root took. */
export interface RootPreparation {
  readonly method: (typeof ROOT_METHODS)[number];
  readonly milliseconds: number;
  readonly bytes: number;
}

/** The node's report that a runner's process ended. */
export interface RunnerExit {
  /** Of GitHub's listener; 128 and more for a signal. */
  readonly code: number;
  readonly cause: EndCause;
  /** The cause in a few words, with what the listener said last. */
  readonly reason: string;
  readonly at: EpochMs;
  /** `null` where there was none, or an old script did not tell. */
  readonly root: RootPreparation | null;
  /** From the moment its configuration was seen to the start of its process. */
  readonly startMilliseconds: number | null;
}

/** With ACTIONS_RUNNER_RETURN_JOB_RESULT_FOR_HOSTED the listener exits with 100 and its job's result (TaskResult.cs). */
const RESULTS = [
  "succeeded",
  "succeeded-with-issues",
  "failed",
  "canceled",
  "skipped",
  "abandoned",
] as const;
export type JobResult = (typeof RESULTS)[number];

/** The result of its job in the runner's own words; `null` if it had none, or did not tell. */
export function jobResultOf({ code }: Pick<RunnerExit, "code">): JobResult | null {
  return RESULTS[code - 100] ?? null;
}

/** Whether it ended by itself as a runner should: after a job, whatever became of that, or with nothing to complain of. */
export function endedWell({ code, cause }: Pick<RunnerExit, "code" | "cause">): boolean {
  const result = jobResultOf({ code });
  const told = cause === "exited" || cause === "unknown";
  return told && (code === 0 || (result !== null && result !== "abandoned"));
}
