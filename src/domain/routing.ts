import { includesAll, showLabels, type LabelSet } from "./labels.ts";
import { laneOf, type Lane } from "./lane.ts";
import type { Pool } from "./pool.ts";
import { resolveRequest, resourceLabelsOf, type Resolved } from "./resources/request.ts";
import type { RegistrationScope } from "./workflow-job.ts";

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

/** A pool that has all of a job's labels but those that ask for resources, and what it says to these. */
export interface Candidate {
  readonly pool: Pool;
  readonly resolved: Resolved;
}

/**
 * The pools that answer to a job, best first: the most specific, which has the fewest labels that the job does not name;
 * then the one with the highest priority; then the first in the file. So the same labels always come to the same pool.
 */
export function candidatesFor(labels: LabelSet, pools: readonly Pool[]): readonly Candidate[] {
  if (labels.length === 0) return [];
  return pools
    .flatMap((pool) => {
      const resources = new Set(resourceLabelsOf(labels, pool).map(({ label }) => label));
      const names = labels.filter((label) => !resources.has(label));
      if (names.length === 0 || !includesAll(pool.labels, names)) return [];
      return [{ pool, spare: pool.labels.length - names.length }];
    })
    .toSorted((a, b) => a.spare - b.spare || b.pool.priority - a.pool.priority)
    .map(({ pool }) => ({ pool, resolved: resolveRequest(labels, pool) }));
}

/** The best pool that can give the job what it asks for. */
export function routeJob(
  { labels, scope }: { readonly labels: LabelSet; readonly scope: RegistrationScope },
  pools: readonly Pool[],
): Route {
  const candidates = candidatesFor(labels, pools);
  for (const { pool, resolved } of candidates) {
    if (resolved.kind !== "request") continue;
    return { kind: "lane", lane: laneOf(labels, scope, pool, resolved.request) };
  }
  return { kind: "refused", reason: refusalOf(labels, pools, candidates) };
}

function refusalOf(
  labels: LabelSet,
  pools: readonly Pool[],
  candidates: readonly Candidate[],
): string {
  const reasons = candidates.flatMap(({ resolved }) =>
    resolved.kind === "refused" ? [resolved.reason] : [],
  );
  // One sentence for each pool that answers, the best first; equal ones once.
  if (reasons.length > 0) return [...new Set(reasons)].slice(0, 3).join(" ");
  const offered = pools.map((each) => `${each.name} ${showLabels(each.labels)}`).join(", ");
  return `No pool answers to runs-on ${showLabels(labels)}; pools here: ${offered}.`;
}
