import type { Lane } from "./lane.ts";
import type { PbsJob } from "./pbs-job.ts";
import type { EpochMs } from "./time.ts";

/**
 * How far the submission of an allocation is known to have come.
 * - `intended`: written down before `qsub`; the call may be under way, or the program died in it.
 * - `unknown`: `qsub` did not answer clearly (killed, timed out): the job may exist.
 * - `accepted`: PBS gave it an id.
 * - `absent`: asked by name more than once, PBS does not have it.
 * - `refused`: PBS said no.
 */
export type Submission = "intended" | "unknown" | "accepted" | "absent" | "refused";

/** Consecutive answers of PBS in which a job that we know of was not listed. */
export interface Absence {
  readonly times: number;
  readonly since: EpochMs;
  /** When a direct question (by id, past any cache) also found nothing; `null` until asked. */
  readonly confirmedAt: EpochMs | null;
}

/**
 * The handoff's turns, counted from 1: in each the allocation asks, is given one runner, and reports its end.
 * `asked ≥ delivered ≥ reported`, but for the first turn: PBS's own `R` also counts as asking.
 */
export interface Turns {
  readonly asked: number;
  readonly delivered: number;
  readonly reported: number;
}

/** One PBS job of ours. Hosts one runner at a time, one after another. */
export interface Allocation {
  /** PBS job name: `ghr-` and 11 of `[a-z0-9]`; at most 15 characters, a letter first, as older PBS wants. Our key. */
  readonly name: string;
  readonly lane: Lane;
  readonly intendedAt: EpochMs;
  readonly submission: Submission;
  /** How often PBS was asked by name and did not have it, while the submission is not `accepted`. */
  readonly lookups: { readonly times: number; readonly last: EpochMs | null };
  readonly pbsJobId: string | null;
  /** The last time PBS listed it. */
  readonly sighting: { readonly job: PbsJob; readonly at: EpochMs } | null;
  readonly absence: Absence | null;
  /** When its script first spoke to us. */
  readonly announcedAt: EpochMs | null;
  readonly turns: Turns;
  /** Runners minted for it so far: makes the next runner's name. */
  readonly mints: { readonly times: number; readonly last: EpochMs | null };
  /** Told through the handoff to end. */
  readonly releasedAt: EpochMs | null;
  /** `qdel` was asked; `times` counts. */
  readonly deletion: { readonly times: number; readonly last: EpochMs | null };
  readonly endedAt: EpochMs | null;
  /** Why it ended or was let go, in one sentence. */
  readonly end: string | null;
}

/** Its script's last word through the handoff. */
export function isReady(allocation: Allocation): boolean {
  const { turns } = allocation;
  const asked = Math.max(turns.asked, allocation.sighting?.job.state === "R" ? 1 : 0);
  return (
    allocation.endedAt === null &&
    allocation.releasedAt === null &&
    allocation.deletion.times === 0 &&
    asked > turns.delivered
  );
}
