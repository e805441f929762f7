/** Why the node says that a runner's process, or an allocation, ended. What the script says beside it is for people. */
export const END_CAUSES = [
  // Of a runner, and of the allocation that ends with it.
  /** By itself, as it should. */
  "exited",
  /** Stopped before the walltime did it. */
  "walltime",
  /** PBS sent TERM: qdel, preemption, or a limit. */
  "terminated",
  /** Told so through the handoff. */
  "released",
  /** Its listener did not connect to GitHub in time. */
  "never-connected",
  /** It was given no job in time. */
  "idle",
  /** GitHub deleted its registration. */
  "registration-gone",
  /** GitHub gives no jobs to this release of its runner. */
  "deprecated",
  /** GitHub made it update itself, and that did not come to an end. */
  "updating",
  /** Its listener could not start, or crashed before it had a job. */
  "failed",
  /** Its listener crashed while it had a job. */
  "died",
  // Of an allocation alone.
  /** It had one job to do. */
  "served",
  /** No runner was handed over. */
  "unused",
  /** Its walltime is nearly over. */
  "spent",
  /** Processes or files of a job could not be removed. */
  "survivors",
  /** Its handoff was closed. */
  "closed",
  /** It had been started before, and put back into the queue by PBS. */
  "begun",
  // The node, or what was configured for it, is not fit for runners.
  "tools",
  "scratch",
  "no-execute",
  "disk-full",
  "release",
  "environment",
  "clock",
  /** Said by a script of another version of this program, or not at all. */
  "unknown",
] as const;
export type EndCause = (typeof END_CAUSES)[number];

const FAULTS: ReadonlySet<EndCause> = new Set<EndCause>([
  "never-connected",
  "deprecated",
  "updating",
  "failed",
  "survivors",
  "tools",
  "scratch",
  "no-execute",
  "disk-full",
  "release",
  "environment",
  "clock",
]);

/** Would the next allocation of the pool most likely end in the same way? */
export function isFault(cause: EndCause): boolean {
  return FAULTS.has(cause);
}
