import { DAY, HOUR, MINUTE, SECOND, type EpochMs } from "./time.ts";

/** How long the plan waits before it draws a conclusion or asks again. All in milliseconds. */
export interface Patience {
  /** Between two questions by name about a submission whose answer was lost. */
  readonly lookUpEvery: number;
  /** Empty answers needed, and the time since the intent, before a submission counts as never made. */
  readonly lookUpsNeeded: number;
  readonly lookUpFor: number;
  /** How long PBS must have failed to list a job before it is asked directly: longer than the site's qstat cache. */
  readonly absence: number;
  /** A delivered runner that no job seems to need is kept this long: the job's event may be late. */
  readonly surplusRunner: number;
  /** A delivered runner that took no job is given up after this. GitHub itself removes idle JIT runners in minutes. */
  readonly idleRunner: number;
  /** After a runner's process ended, how long GitHub's event about its job may take to arrive. */
  readonly lateEvent: number;
  /** An allocation that was told to end, or has said it will, is deleted after this. */
  readonly leaving: number;
  /** Between two deletions of one allocation, and the number after which force is used. */
  readonly deleteEvery: number;
  readonly deletesBeforeForce: number;
  /** A minting that was not answered may still be carried out this long after (the prototype saw answers after 10 min). */
  readonly lostMint: number;
  /** What we believe of a queued job is confirmed when it is older than this. */
  readonly staleJob: number;
  /** The same for a job that runs. */
  readonly staleRunningJob: number;
  /** GitHub fails a job that was queued for longer (facts/github.md §4). */
  readonly queuedJob: number;
  /** A job that PBS says can never run is refused after this: its nodes may only be away. */
  readonly impossible: number;
}

/**
 * @param statusInterval milliseconds between two observations of PBS.
 * @param cacheAge milliseconds by which a site's cached `qstat` may lag (NCAR: nominally 10 s, at most 300 s).
 */
export function patienceFor(statusInterval: number, cacheAge: number): Patience {
  return {
    lookUpEvery: 30 * SECOND,
    lookUpsNeeded: 2,
    lookUpFor: Math.max(MINUTE, cacheAge),
    absence: Math.max(MINUTE, 3 * statusInterval, cacheAge),
    surplusRunner: 30 * SECOND,
    idleRunner: 5 * MINUTE,
    lateEvent: MINUTE,
    leaving: 2 * MINUTE + cacheAge,
    deleteEvery: MINUTE + cacheAge,
    deletesBeforeForce: 3,
    lostMint: 15 * MINUTE,
    staleJob: 30 * MINUTE,
    staleRunningJob: 6 * HOUR,
    queuedJob: DAY,
    impossible: 10 * MINUTE,
  };
}

/** Waits between attempts: doubling from `first` to `most`, spread by ±20 % so that many do not come back at once. */
export function backoff(
  failures: number,
  random: number,
  first = 10 * SECOND,
  most = 30 * MINUTE,
): number {
  const base = Math.min(most, first * 2 ** Math.min(30, Math.max(0, failures - 1)));
  return Math.round(base * (0.8 + 0.4 * random));
}

/** Has a paced question (asked `times` times, the last at `last`) its next turn? Doubles from `first` to half an hour. */
export function isDue(
  asked: { readonly times: number; readonly last: EpochMs | null },
  now: EpochMs,
  first: number,
): boolean {
  return asked.last === null || now - asked.last >= backoff(asked.times, 0.5, first);
}
