import type { LabelSet } from "../domain/labels.ts";
import type { RegistrationScope, WorkflowJobStatus } from "../domain/workflow-job.ts";

/** What a caller can do about a call to GitHub that did not do what was asked. */
export type GitHubTrouble =
  /** GitHub did not do it: rate limit, outage, refused connection. `afterMs` when GitHub said how long to wait. */
  | { readonly kind: "retry"; readonly reason: string; readonly afterMs: number | null }
  /** GitHub says no, and will say no again (permission, unknown group): a person must act. */
  | { readonly kind: "refused"; readonly reason: string }
  /** No answer (timeout, connection lost, 5xx): it may have been done. */
  | { readonly kind: "unknown"; readonly reason: string };

export interface MintRequest {
  readonly scope: RegistrationScope;
  readonly name: string;
  readonly labels: LabelSet;
  readonly runnerGroup: string;
}

export type MintOutcome =
  | { readonly kind: "minted"; readonly runnerId: number; readonly jitConfig: string }
  /** 409: usually our own earlier request whose answer was lost. Find it by name, delete it, use a new name. */
  | { readonly kind: "name-taken" }
  | GitHubTrouble;

export type FindRunnerOutcome =
  | { readonly kind: "found"; readonly runnerId: number; readonly busy: boolean }
  | { readonly kind: "absent" }
  | GitHubTrouble;

export type DeleteRunnerOutcome =
  /** 204, or 404: GitHub does not have it (any more). */
  | { readonly kind: "gone" }
  /** 422: it is running a job. GitHub decides this atomically. */
  | { readonly kind: "busy" }
  | GitHubTrouble;

/** A registration as a list shows it. */
export interface RegisteredRunner {
  readonly scope: RegistrationScope;
  readonly id: number;
  readonly name: string;
  readonly busy: boolean;
}

export type ListRunnersOutcome =
  | { readonly kind: "listed"; readonly runners: readonly RegisteredRunner[] }
  | GitHubTrouble;

/** The part of GitHub's answer about one job that can differ from what we believe. */
export interface ObservedJob {
  readonly status: WorkflowJobStatus;
  readonly conclusion: string | null;
  readonly runnerName: string | null;
  readonly startedAt: number | null;
  readonly completedAt: number | null;
}

export type JobOutcome =
  | { readonly kind: "found"; readonly job: ObservedJob }
  | { readonly kind: "absent" }
  | GitHubTrouble;

/** GitHub as the reconciler sees it. No call rejects; each has a time limit and waits its turn at the rate limiter. */
export interface GitHub {
  mint(request: MintRequest): Promise<MintOutcome>;
  findRunner(scope: RegistrationScope, name: string): Promise<FindRunnerOutcome>;
  deleteRunner(scope: RegistrationScope, runnerId: number): Promise<DeleteRunnerOutcome>;
  /**
   * All registrations of the App's organizations, ours and others'. Page by page, so that one that moves between two pages
   * may be missed: its absence alone says nothing (facts/github.md §3).
   */
  listRunners(): Promise<ListRunnersOutcome>;
  /** A job that is queued in a run that is over counts as completed: it never started (facts/github.md §1). */
  job(scope: RegistrationScope, repository: string, jobId: number): Promise<JobOutcome>;
}
