import { includesAll, showLabels, type LabelSet } from "./labels.ts";
import { laneOf, type Lane } from "./lane.ts";
import type { Pool } from "./pool.ts";
import type { WorkflowJob } from "./workflow-job.ts";

/** Where a workflow job goes, or the sentence that tells its author why it goes nowhere. */
export type Route =
  | { readonly kind: "lane"; readonly lane: Lane }
  | { readonly kind: "refused"; readonly reason: string };

/**
 * An organization's events tell of every job, also of those for GitHub's own machines. A job is meant for us if it
 * asks for a self-hosted runner or uses a label of one of our pools.
 */
export function isMeantForUs(labels: LabelSet, pools: readonly Pool[]): boolean {
  return (
    labels.includes("self-hosted") ||
    pools.some((pool) => pool.labels.some((label) => labels.includes(label)))
  );
}

/** The first pool, in the configuration's order, whose labels include all the job's. */
export function routeJob(
  job: Pick<WorkflowJob, "labels" | "scope">,
  pools: readonly Pool[],
): Route {
  const pool = pools.find((candidate) => includesAll(candidate.labels, job.labels));
  if (pool && job.labels.length > 0) return { kind: "lane", lane: laneOf(job, pool) };
  const offered = pools.map((each) => `${each.name} ${showLabels(each.labels)}`).join(", ");
  return {
    kind: "refused",
    reason: `No pool answers to runs-on ${showLabels(job.labels)}; pools here: ${offered}.`,
  };
}
