import type { Allocation } from "../domain/allocation.ts";
import { allocationsSubject, installationSubject, poolSubject, type Hold } from "../domain/hold.ts";
import { printable, type LabelSet } from "../domain/labels.ts";
import type { Pool } from "../domain/pool.ts";
import { routeJob } from "../domain/routing.ts";
import { endedWell } from "../domain/runner-exit.ts";
import type { Runner } from "../domain/runner.ts";
import type { EpochMs } from "../domain/time.ts";
import { isLive, type WorkflowJob } from "../domain/workflow-job.ts";
import type { Store } from "../store/store.ts";

/** One workflow job as people want to see it. Times in milliseconds since the epoch. */
export interface JobView {
  readonly id: number;
  readonly runId: number;
  readonly organization: string;
  readonly repository: string;
  readonly workflow: string | null;
  readonly name: string;
  readonly labels: LabelSet;
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

/** @returns what shows a job: what they all have in common is read once. */
export function jobViewer(
  store: Store,
  pools: readonly Pool[],
  now: EpochMs,
): (job: WorkflowJob) => JobView {
  const holds = store.holds.live();
  const meant = new Map(store.runners.live().map((runner) => [runner.intendedJobId, runner]));
  const waiting = new Map(
    store.allocations.live().flatMap((each) => {
      const comment = each.sighting?.job.state === "Q" ? each.sighting.job.comment : null;
      return comment === null ? [] : [[each.lane.key, comment] as const];
    }),
  );
  return function viewJob(job) {
    const runner = runnerOf(store, job, meant);
    const allocation = runner ? store.allocations.get(runner.allocation) : null;
    const route = routeJob(job, pools);
    return {
      id: job.id,
      runId: job.runId,
      organization: job.scope.organization,
      repository: job.repository,
      workflow: job.workflowName,
      name: job.name,
      // As they were written, but for what moves a terminal: outsiders' text.
      labels: job.labels.map((label) => printable(label, 256)),
      status: isLive(job) || job.status === "completed" ? job.status : "refused",
      conclusion: job.conclusion,
      pool: allocation?.lane.pool ?? (route.kind === "lane" ? route.lane.pool : null),
      allocation: allocation?.name ?? null,
      pbsJobId: allocation?.pbsJobId ?? null,
      pbsState: allocation?.sighting?.job.state ?? null,
      runner: job.runnerName,
      createdAt: job.createdAt,
      startedAt: job.status === "queued" ? null : job.startedAt,
      completedAt: job.completedAt,
      note:
        endOf(job, runner) ??
        pauseOf(job, route.kind === "lane" ? route.lane.pool : null, holds, now) ??
        waitOf(job, allocation, route.kind === "lane" ? waiting.get(route.lane.key) : undefined),
    };
  };
}

/** The runner that took it; of a job that waits, the one that is meant for it. */
function runnerOf(
  store: Store,
  job: WorkflowJob,
  meant: ReadonlyMap<number, Runner>,
): Runner | null {
  if (job.runnerName !== null) return store.runners.get(job.runnerName);
  const runner = job.status === "queued" ? meant.get(job.id) : undefined;
  return runner && runner.servedJobId === null ? runner : null;
}

function endOf(job: WorkflowJob, runner: Runner | null): string | null {
  if (job.status === "in_progress") return null;
  if (job.status !== "completed") return job.refusal;
  return job.conclusion === "failure" ? noteOfFailure(runner) : null;
}

/** What its author should know besides the log on GitHub. */
function noteOfFailure(runner: Runner | null): string {
  const exit = runner?.exit ?? null;
  if (exit === null || endedWell(exit)) return "A step of it failed: its log on GitHub says which.";
  const { cause, reason } = exit;
  if (cause === "walltime") {
    return `Its allocation's walltime was used up: ${reason}. Give the pool more, or the job less to do.`;
  }
  return `Its runner ended before it was done: ${reason}.`;
}

function pauseOf(
  job: WorkflowJob,
  pool: string | null,
  holds: readonly Hold[],
  now: EpochMs,
): string | null {
  if (job.status !== "queued") return null;
  const subjects = [
    installationSubject(job.scope.installationId),
    ...(pool === null ? [] : [poolSubject(pool), allocationsSubject(pool)]),
  ];
  const hold = holds.find((each) => subjects.includes(each.subject));
  if (!hold) return null;
  const seconds = Math.ceil((hold.until - now) / 1000);
  return `${hold.reason}; ${seconds > 0 ? `tried again in ${seconds} s` : "due to be tried again"}`;
}

/** PBS's own word of what it waits for: of its allocation, or else of one of its lane, any of which may take it. */
function waitOf(
  job: WorkflowJob,
  allocation: Allocation | null,
  comment: string | undefined,
): string | null {
  if (job.status !== "queued") return null;
  return allocation?.sighting?.job.comment ?? comment ?? null;
}
