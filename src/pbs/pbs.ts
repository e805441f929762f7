import type { PbsJob } from "../domain/pbs-job.ts";

/** One PBS job to submit, or an array of equal ones. Everything but `script` may be read by every user of the cluster (facts/pbs.md §0.8). */
export interface Submission {
  /** `qsub -N`: at most 15 characters; by it the job is found. */
  readonly name: string;
  /** More than one: an array, `qsub -J 0-<members - 1>`. */
  readonly members: number;
  readonly queue: string | null;
  readonly account: string | null;
  readonly select: string;
  readonly place: string | null;
  readonly walltimeSeconds: number;
  /** `qsub -p`, −1024 to 1023; `null` for the site's own. */
  readonly priority: number | null;
  /** Further `-l` of the whole job, each `resource=value`. */
  readonly resources: readonly string[];
  /** An existing directory, absolute, for the job's live output (`-k oed -o DIR/`). */
  readonly logDirectory: string;
  /** Passed on standard input; private to the user. */
  readonly script: string;
}

/** What a caller can do about a command of PBS that did not do what was asked. */
export type PbsTrouble =
  /** PBS is unreachable, busy or full: the same call may succeed later. Nothing was changed. */
  | { readonly kind: "retry"; readonly reason: string }
  /** PBS or the site says no, and will say no again: `reason` is its own text. */
  | { readonly kind: "refused"; readonly reason: string; readonly code: number }
  /** The command gave no answer (killed, timed out, connection lost half-way): it may have been done. */
  | { readonly kind: "unknown"; readonly reason: string }
  /** PBS cannot be used from here at all: the command is missing or may not be run. */
  | { readonly kind: "unusable"; readonly reason: string };

export type SubmitOutcome =
  /** Of an array: `12[].vm`. */
  | { readonly kind: "accepted"; readonly jobId: string }
  /**
   * No array of this size is taken there; nothing was submitted. One of `most` may be (1: no array at all). `lasting`:
   * it is a matter of arrays, and not of how much of ours is there at the moment.
   */
  | {
      readonly kind: "too-many";
      readonly most: number;
      readonly lasting: boolean;
      readonly reason: string;
    }
  | PbsTrouble;

/** For each id asked about: what PBS says of it, `"absent"` when PBS answered and does not have it. */
export type StatusOutcome =
  | { readonly kind: "answered"; readonly jobs: ReadonlyMap<string, PbsJob | "absent"> }
  | PbsTrouble;

export type FindOutcome =
  | { readonly kind: "answered"; readonly jobIds: readonly string[] }
  | PbsTrouble;

/** Per id: `deleted` also for jobs that had ended or that PBS no longer knows. */
export type DeleteOutcome =
  | { readonly kind: "answered"; readonly refused: ReadonlyMap<string, string> }
  | PbsTrouble;

/**
 * PBS as the rest of the program sees it. No call rejects: what went wrong is a value that says what can be done.
 */
export interface Pbs {
  submit(submission: Submission): Promise<SubmitOutcome>;
  /** One `qstat` for all ids (live and ended). `fresh` goes past a site's cache: for confirming, never in a loop. */
  status(jobIds: readonly string[], options?: { readonly fresh?: boolean }): Promise<StatusOutcome>;
  /**
   * Jobs of ours with this name, live or ended, an array as `12[].vm`: heals a submission whose answer was lost.
   * `queue` is where it was submitted: at its server they are looked for.
   */
  find(name: string, queue: string | null): Promise<FindOutcome>;
  /** One `qdel` an id, or a range of an array: several in one call can end a PBS server. `force` ends a job that ignored an earlier one (`qdel -W force`). */
  delete(jobIds: readonly string[], options?: { readonly force?: boolean }): Promise<DeleteOutcome>;
}
