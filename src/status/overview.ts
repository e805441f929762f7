import type { Allocation } from "../domain/allocation.ts";
import { oldestLive, phaseOf } from "../domain/allocation.ts";
import type { EndCause } from "../domain/end-cause.ts";
import { allocationsSubject, installationSubject, poolSubject, type Hold } from "../domain/hold.ts";
import type { Pool } from "../domain/pool.ts";
import { routeJob } from "../domain/routing.ts";
import type { Runner } from "../domain/runner.ts";
import { endedWell } from "../domain/runner-exit.ts";
import type { EpochMs } from "../domain/time.ts";
import { isLive, type WorkflowJob } from "../domain/workflow-job.ts";
import type { Store } from "../store/store.ts";

/** One workflow job as people want to see it. Times in milliseconds since the epoch. */
export interface JobView {
  readonly id: number;
  readonly repository: string;
  readonly workflow: string | null;
  readonly name: string;
  readonly status: WorkflowJob["status"] | "refused";
  readonly conclusion: string | null;
  readonly pool: string | null;
  readonly allocation: string | null;
  readonly pbsJobId: string | null;
  readonly pbsState: string | null;
  readonly runner: string | null;
  readonly createdAt: EpochMs;
  readonly startedAt: EpochMs | null;
  readonly completedAt: EpochMs | null;
  /** Why it waits, was refused, or ended as it did: one sentence, or nothing to say. */
  readonly note: string | null;
}

/** One allocation as people want to see it. */
export interface AllocationView {
  readonly name: string;
  readonly pool: string;
  readonly phase: ReturnType<typeof phaseOf> | "ended";
  readonly pbsJobId: string | null;
  readonly pbsState: string | null;
  readonly execHost: string | null;
  readonly intendedAt: EpochMs;
  readonly endedAt: EpochMs | null;
  /** Why its script says that it ended; `null` while it lives, or if it could not say. */
  readonly cause: EndCause | null;
  readonly note: string | null;
}

export interface Overview {
  readonly at: EpochMs;
  /** Newest first. */
  readonly jobs: readonly JobView[];
  readonly allocations: readonly AllocationView[];
  /** When the oldest allocation that lives was submitted, also of those not in the list; `null` if none lives. */
  readonly oldestLive: EpochMs | null;
  /** What is paused, and why. */
  readonly holds: readonly Hold[];
}

/** The latest of everything, from the store alone. `most` bounds each list. */
export function overviewOf(
  store: Store,
  pools: readonly Pool[],
  now: EpochMs,
  most = 200,
): Overview {
  const jobs = store.jobs.newest("created_at", most);
  const allocations = store.allocations.newest("intended_at", most);
  const runners = store.runners.newest("minting_at", 2 * most);
  const holds = store.holds.live();
  const byJob = new Map<number, Runner>();
  // Oldest first, so that the newest runner wins; the one that served it wins over all that were meant to.
  const oldestFirst = runners.toReversed();
  for (const runner of oldestFirst) {
    if (runner.servedJobId === null) byJob.set(runner.intendedJobId, runner);
  }
  for (const runner of oldestFirst) {
    if (runner.servedJobId !== null) byJob.set(runner.servedJobId, runner);
  }
  return {
    at: now,
    jobs: jobs.map((job) => viewJob(store, job, byJob.get(job.id), pools, holds)),
    allocations: allocations.map((allocation) => viewAllocation(allocation)),
    oldestLive: oldestLive(store.allocations.live()),
    holds,
  };
}

function viewJob(
  store: Store,
  job: WorkflowJob,
  runner: Runner | undefined,
  pools: readonly Pool[],
  holds: readonly Hold[],
): JobView {
  const route = routeJob(job, pools);
  const pool = route.kind === "lane" ? route.lane.pool : null;
  const served = runner?.servedJobId === job.id || job.status === "queued";
  const allocation = runner && served ? store.allocations.get(runner.allocation) : null;
  return {
    id: job.id,
    repository: job.repository,
    workflow: job.workflowName,
    name: job.name,
    status: isLive(job) || job.status === "completed" ? job.status : "refused",
    conclusion: job.conclusion,
    pool,
    allocation: allocation?.name ?? null,
    pbsJobId: allocation?.pbsJobId ?? null,
    pbsState: allocation?.sighting?.job.state ?? null,
    runner: job.runnerName,
    createdAt: job.createdAt,
    startedAt: job.status === "queued" ? null : job.startedAt,
    completedAt: job.completedAt,
    note: noteOf(job, pool, runner, allocation, holds),
  };
}

function noteOf(
  job: WorkflowJob,
  pool: string | null,
  runner: Runner | undefined,
  allocation: Allocation | null,
  holds: readonly Hold[],
): string | null {
  if (job.status === "completed") {
    if (job.conclusion !== "failure") return null;
    return noteOfFailure(runner);
  }
  if (job.status === "in_progress") return null;
  if (job.refusal !== null) return job.refusal;
  if (job.status !== "queued") return null;
  const subjects = [
    installationSubject(job.scope.installationId),
    ...(pool === null ? [] : [poolSubject(pool), allocationsSubject(pool)]),
  ];
  const hold = holds.find((each) => subjects.includes(each.subject));
  return hold?.reason ?? allocation?.sighting?.job.comment ?? null;
}

/** What its author should know besides the log on GitHub. */
function noteOfFailure(runner: Runner | undefined): string {
  const exit = runner?.exit ?? null;
  if (exit === null || endedWell(exit)) return "A step of it failed: its log on GitHub says which.";
  const { cause, reason } = exit;
  if (cause === "walltime") {
    return `Its allocation's walltime was used up: its runner was ${reason}. Give the pool more, or the job less to do.`;
  }
  return `Its runner ended before it was done: ${reason}.`;
}

function viewAllocation(allocation: Allocation): AllocationView {
  const { sighting } = allocation;
  return {
    name: allocation.name,
    pool: allocation.lane.pool,
    phase: allocation.endedAt === null ? phaseOf(allocation) : "ended",
    pbsJobId: allocation.pbsJobId,
    pbsState: sighting?.job.state ?? null,
    execHost: sighting?.job.execHost ?? null,
    intendedAt: allocation.intendedAt,
    endedAt: allocation.endedAt,
    cause: allocation.farewell?.cause ?? null,
    note: noteOfAllocation(allocation),
  };
}

function noteOfAllocation({ end, farewell, sighting, remark }: Allocation): string | null {
  return end ?? farewell?.reason ?? sighting?.job.comment ?? remark;
}
