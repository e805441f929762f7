import type { EndCause } from "./end-cause.ts";
import { UNKNOWN_LANE, type Lane } from "./lane.ts";
import { hasEnded, isWaiting, type PbsJob } from "./pbs-job.ts";
import type { EpochMs } from "./time.ts";

/**
 * How far the submission of an allocation is known to have come.
 * - `intended`: written down before `qsub`; the call may be under way, or the program died in it.
 * - `unknown`: `qsub` did not answer clearly (killed, timed out): the job may exist.
 * - `accepted`: PBS gave it an id.
 * - `failed`: nothing was submitted, and the same may succeed later.
 * - `refused`: PBS or the site said no, and will say no again.
 */
export const SUBMISSIONS = ["intended", "unknown", "accepted", "failed", "refused"] as const;
export type Submission = (typeof SUBMISSIONS)[number];

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

/** For whom an allocation is: it counts against their ceilings. */
export interface Beneficiary {
  /** Name without the owner. */
  readonly repository: string;
  /** GitHub login; `null` where unknown. */
  readonly actor: string | null;
}

/** One PBS job of ours, or one member of an array of them. Hosts one runner at a time, one after another. */
export interface Allocation {
  /** Made from the name of its PBS job: see pbs-name.ts. Our key. */
  readonly name: string;
  readonly lane: Lane;
  /** Of the job it was submitted for, then of the job that its runner took; `null` for a warm one that served nobody. */
  readonly beneficiary: Beneficiary | null;
  readonly intendedAt: EpochMs;
  readonly submission: Submission;
  /** How often PBS was asked by name and did not have it, while the submission is not `accepted`. */
  readonly lookups: { readonly times: number; readonly last: EpochMs | null };
  /** Of a member of an array its own: `12[4].vm`. */
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
  /** Its script's last word: it is about to end, and why. */
  readonly farewell: {
    readonly cause: EndCause;
    readonly reason: string;
    readonly at: EpochMs;
  } | null;
  /** What jobs may miss on its node: one sentence. */
  readonly remark: string | null;
  readonly endedAt: EpochMs | null;
  /** Why it ended or was let go, in one sentence. */
  readonly end: string | null;
}

/** An allocation as it is written down before `qsub` is called. */
export function intendAllocation(
  { name, beneficiary }: Pick<Allocation, "name" | "beneficiary">,
  lane: Lane,
  now: EpochMs,
): Allocation {
  return {
    name,
    lane,
    beneficiary,
    intendedAt: now,
    submission: "intended",
    lookups: { times: 0, last: null },
    pbsJobId: null,
    sighting: null,
    absence: null,
    announcedAt: null,
    turns: { asked: 0, delivered: 0, reported: 0 },
    mints: { times: 0, last: null },
    releasedAt: null,
    deletion: { times: 0, last: null },
    farewell: null,
    remark: null,
    endedAt: null,
    end: null,
  };
}

/**
 * An allocation of ours of which nothing is stored. Whether PBS has it is found out by its name, as after a lost answer.
 *
 * @param serves whether a runner of it is registered: then it must not be told to end.
 */
export function adoptAllocation(name: string, serves: boolean, now: EpochMs): Allocation {
  const turn = serves ? 1 : 0;
  return {
    ...intendAllocation({ name, beneficiary: null }, UNKNOWN_LANE, now),
    submission: "unknown",
    turns: { asked: turn, delivered: turn, reported: 0 },
  };
}

/** The allocation has had the runner of this turn, as its work or its script shows. */
export function hasHad(allocation: Allocation, turn: number): Allocation {
  const { turns } = allocation;
  if (turns.delivered >= turn) return allocation;
  return {
    ...allocation,
    turns: { ...turns, asked: Math.max(turns.asked, turn), delivered: turn },
  };
}

/**
 * PBS lost its node and put it back into the queue, as it does with members of arrays, which cannot be submitted
 * otherwise (`-r n` is refused, measured). Its script serves once, so a second start would end at once.
 */
export function wasPutBack({ sighting, turns }: Allocation): boolean {
  if (sighting === null || turns.asked === 0) return false;
  const { state, runs } = sighting.job;
  // A cached listing may be of before the start, and then knows of no run.
  return isWaiting(state) && runs !== null && runs > 0;
}

/**
 * - `pending`: submitted or being submitted, and not yet started.
 * - `ready`: started, and waits for a runner.
 * - `serving`: has a runner.
 * - `between`: its runner ended; it has neither asked for the next nor said that it ends.
 * - `leaving`: told to end, being deleted, or ended by itself.
 */
export type Phase = "pending" | "ready" | "serving" | "between" | "leaving";

export function phaseOf(allocation: Allocation): Phase {
  const { sighting, turns, submission } = allocation;
  const leaves =
    allocation.releasedAt !== null ||
    allocation.deletion.times > 0 ||
    allocation.farewell !== null ||
    submission === "refused" ||
    submission === "failed" ||
    wasPutBack(allocation) ||
    (sighting !== null && (hasEnded(sighting.job.state) || sighting.job.state === "E"));
  if (leaves) return "leaving";
  // PBS's own word that it runs counts as the first announcement.
  const asked = Math.max(turns.asked, sighting?.job.state === "R" ? 1 : 0);
  if (asked > turns.delivered) return "ready";
  if (turns.delivered > turns.reported) return "serving";
  return turns.delivered > 0 ? "between" : "pending";
}

/** When the oldest of these was submitted; `null` for none. */
export function oldestLive(live: readonly Allocation[]): EpochMs | null {
  return live.length === 0 ? null : Math.min(...live.map(({ intendedAt }) => intendedAt));
}
