import type { EpochMs } from "./time.ts";

/** PBS's job states. A letter we do not know is kept as `?`: never a reason to fail or to call a job gone. */
export const PBS_STATES = ["Q", "H", "W", "T", "R", "S", "U", "E", "B", "M", "X", "F"] as const;
export type PbsState = (typeof PBS_STATES)[number] | "?";

/** One job as one `qstat` told it. */
export interface PbsJob {
  /** Whole, with server: `123.desched1`, `123[4].vm`. */
  readonly id: string;
  readonly name: string;
  readonly state: PbsState;
  readonly substate: number | null;
  /** Why it waits, or how it ended, in the scheduler's words. */
  readonly comment: string | null;
  /** As PBS prints it: `node1/0*4+node2/0*4`. */
  readonly execHost: string | null;
  /** Only of an ended job: a rerunnable one goes back to Q still carrying the old one (facts/pbs.md §0.10). */
  readonly exitStatus: number | null;
  readonly startedAt: EpochMs | null;
  /** How often PBS has started it. */
  readonly runs: number | null;
}

/** Ended for good: F, or X (a subjob whose parent array still lives). */
export function hasEnded(state: PbsState): boolean {
  return state === "F" || state === "X";
}

/** Not started, or put back into the queue. */
export function isWaiting(state: PbsState): boolean {
  return state === "Q" || state === "H" || state === "W" || state === "T";
}

/** What an `Exit_status` of PBS means (facts/pbs.md §3; job.h of OpenPBS). */
export type ExitMeaning =
  | { readonly kind: "exited"; readonly code: number }
  | { readonly kind: "signalled"; readonly signal: number }
  | { readonly kind: "pbs"; readonly code: number; readonly reason: string };

const PBS_EXIT_REASONS: Readonly<Record<number, string>> = {
  [-1]: "PBS could not start the job (before its files were there)",
  [-2]: "PBS could not start the job (after its files were there)",
  [-3]: "PBS could not start the job and will retry it",
  [-10]: "the user id is not valid on the node",
  [-11]: "the job was rerun",
  [-14]: "a node of the job failed to start it",
  [-20]: "its node was lost",
  [-21]: "a security check failed",
  [-24]: "it used more CPUs than it asked for",
  [-25]: "it used more CPUs than it asked for",
  [-26]: "it used more virtual memory than it asked for",
  [-27]: "it used more memory than it asked for",
  [-28]: "it used more CPU time than it asked for",
  [-29]: "it reached its walltime",
};

/** Decodes `Exit_status`: below 0 PBS itself, 256+n killed by signal n, else the script's own code. */
export function explainExitStatus(status: number): ExitMeaning {
  if (status < 0) {
    return {
      kind: "pbs",
      code: status,
      reason: PBS_EXIT_REASONS[status] ?? `PBS ended it (${status})`,
    };
  }
  if (status > 256) return { kind: "signalled", signal: status - 256 };
  return { kind: "exited", code: status };
}

/**
 * Only the comment's opening words tell that a queued job can never run (facts/pbs.md §6): PBS has no code for it.
 */
export function canNeverRun(job: PbsJob): boolean {
  return job.state === "Q" && (job.comment?.startsWith("Can Never Run") ?? false);
}
