import type { Allocation } from "../allocation.ts";
import { SECOND, type EpochMs } from "../time.ts";
import type { WorkflowJob } from "../workflow-job.ts";
import type { Survey } from "./survey.ts";

/**
 * May this allocation be given a runner for the jobs that wait in its lane? One that has served keeps to its pool's
 * policy. GitHub gives a runner to any job with its labels: so with `same-repository` no other repository's job may
 * wait in the lane at all.
 */
export function mayTake(
  survey: Survey,
  allocation: Allocation,
  waiting: readonly WorkflowJob[],
): boolean {
  if (allocation.turns.delivered === 0) return true;
  switch (survey.pools.get(allocation.lane.pool)?.reuse) {
    case "lane":
      return true;
    case "same-repository":
      return waiting.every(({ repository }) => repository === allocation.beneficiary?.repository);
    case "never":
    case undefined:
      return false;
  }
}

/** Until when an allocation that has served waits for its next job. One that served nobody is not kept. */
export function restsUntil(survey: Survey, allocation: Allocation): EpochMs {
  const pool = survey.pools.get(allocation.lane.pool);
  const exit = survey.currentRunners.get(allocation.name)?.exit;
  if (!pool || pool.reuse === "never" || !exit) return 0;
  return exit.at + pool.idleSeconds * SECOND;
}
