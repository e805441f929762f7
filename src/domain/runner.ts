import type { RunnerExit } from "./runner-exit.ts";
import type { RegistrationScope } from "./workflow-job.ts";
import type { EpochMs } from "./time.ts";

/**
 * - `minting`: asked for; the answer is not in, or was lost.
 * - `minted`: GitHub has it; its configuration is not yet in the handoff.
 * - `delivered`: its configuration is in the handoff.
 * - `gone`: GitHub no longer has it: used up, or deleted by us.
 */
export const RUNNER_STATES = ["minting", "minted", "delivered", "gone"] as const;
export type RunnerState = (typeof RUNNER_STATES)[number];

/** One JIT registration. Serves at most one workflow job, ever. */
export interface Runner {
  /** `<allocation name>-<n>`, at most 64 characters; never used twice. */
  readonly name: string;
  /** GitHub's id; `null` while minting. */
  readonly id: number | null;
  readonly scope: RegistrationScope;
  readonly allocation: string;
  readonly turn: number;
  readonly state: RunnerState;
  /** The job that made us mint it. GitHub may give it another of the lane. */
  readonly intendedJobId: number;
  /** The job it really took, learnt from `runner_name`. */
  readonly servedJobId: number | null;
  readonly mintingAt: EpochMs;
  readonly deliveredAt: EpochMs | null;
  /** When we learnt that GitHub no longer has it. */
  readonly goneAt: EpochMs | null;
  /** GitHub said it runs a job (an event, or a refusal to delete it). */
  readonly busyAt: EpochMs | null;
  /** The node's report that its process ended. */
  readonly exit: RunnerExit | null;
  /** Questions or deletions sent to GitHub about it after its use: paces the next one. */
  readonly checks: { readonly times: number; readonly last: EpochMs | null };
}

/** A runner as it is written down before GitHub is asked for it. */
export function intendRunner(
  about: Pick<Runner, "name" | "scope" | "allocation" | "turn" | "intendedJobId">,
  now: EpochMs,
): Runner {
  return {
    ...about,
    id: null,
    state: "minting",
    servedJobId: null,
    mintingAt: now,
    deliveredAt: null,
    goneAt: null,
    busyAt: null,
    exit: null,
    checks: { times: 0, last: null },
  };
}

/**
 * A registration of an allocation whose record was lost.
 *
 * @param current whether the allocation may be running it: then it is given up only when it idles. Any other never was
 *   delivered.
 */
export function adoptRunner(
  found: Pick<Runner, "name" | "scope" | "allocation"> & {
    readonly id: number;
    readonly busy: boolean;
  },
  current: boolean,
  now: EpochMs,
): Runner {
  const { name, scope, allocation, id, busy } = found;
  return {
    ...intendRunner({ name, scope, allocation, turn: current ? 1 : 0, intendedJobId: 0 }, now),
    id,
    state: current ? "delivered" : "minted",
    deliveredAt: current ? now : null,
    busyAt: busy ? now : null,
  };
}

/** GitHub says that it runs a job: so it was delivered, whether or not that could be noted at the time. */
export function foundBusy(runner: Runner, at: EpochMs): Runner {
  return {
    ...runner,
    state: runner.state === "gone" ? "gone" : "delivered",
    deliveredAt: runner.deliveredAt ?? at,
    busyAt: runner.busyAt ?? at,
  };
}

/** Delivered, and not known to have taken a job or to have ended. */
export function isIdle(runner: Runner): boolean {
  return (
    runner.state === "delivered" &&
    runner.busyAt === null &&
    runner.servedJobId === null &&
    runner.exit === null
  );
}
