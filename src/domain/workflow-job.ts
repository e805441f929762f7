import type { LabelSet } from "./labels.ts";
import type { EpochMs } from "./time.ts";

/**
 * GitHub's `workflow_job.status`, in the only order a job can go through them.
 * `waiting` is a deployment gate: the job must not be given a runner yet.
 */
export const STATUSES = ["waiting", "queued", "in_progress", "completed"] as const;
export type WorkflowJobStatus = (typeof STATUSES)[number];

/** Events arrive late, twice and out of order: a job only ever moves to a higher rank. */
export function rank(status: WorkflowJobStatus): number {
  return STATUSES.indexOf(status);
}

/** Where a runner must be registered to be offered a job, and through which installation. */
export interface RegistrationScope {
  readonly installationId: number;
  readonly organization: string;
}

/** One attempt of one workflow job, as far as we know it. */
export interface WorkflowJob {
  /** Unique per attempt: a re-run has new job ids. */
  readonly id: number;
  readonly runId: number;
  readonly runAttempt: number;
  readonly scope: RegistrationScope;
  /** Name without the owner. */
  readonly repository: string;
  readonly workflowName: string | null;
  readonly name: string;
  readonly headBranch: string | null;
  /** GitHub login of whoever set it off; `null` where no event told. */
  readonly actor: string | null;
  readonly labels: LabelSet;
  readonly status: WorkflowJobStatus;
  /** `null` until completed. */
  readonly conclusion: string | null;
  /** The runner GitHub gave it to; `null` while queued, and for a job cancelled before it started. */
  readonly runnerName: string | null;
  readonly createdAt: EpochMs;
  readonly startedAt: EpochMs | null;
  readonly completedAt: EpochMs | null;
  /** Why we shall not serve it, for its author to read. */
  readonly refusal: string | null;
  /** When GitHub last told us of it, by event or by answer. */
  readonly observedAt: EpochMs;
}

/** What an event or an answer of GitHub says of a job; the newest is not always the last to arrive. */
export type JobNews = Omit<WorkflowJob, "refusal">;

/**
 * Does the plan still look after it? What is refused stays queued on GitHub, and a runner that was made for another job of
 * its lane may take it: then it runs, like any other.
 */
export function isLive({ status, refusal }: WorkflowJob): boolean {
  return status === "in_progress" || (status !== "completed" && refusal === null);
}

/**
 * What we believe after hearing `news`. Status only ever rises, and what is once known stays known, so that events may
 * come twice, late and in any order.
 */
export function hear(known: WorkflowJob | null, news: JobNews): WorkflowJob {
  if (!known) return { ...news, refusal: null };
  const newer = rank(news.status) >= rank(known.status) ? news : known;
  return {
    ...known,
    actor: known.actor ?? news.actor,
    status: newer.status,
    conclusion: newer.conclusion ?? known.conclusion,
    runnerName: newer.runnerName ?? known.runnerName ?? news.runnerName,
    startedAt: newer.startedAt ?? known.startedAt ?? news.startedAt,
    completedAt: newer.completedAt ?? known.completedAt,
    observedAt: Math.max(known.observedAt, news.observedAt),
  };
}
