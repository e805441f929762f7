import type { RegistrationScope } from "./workflow-job.ts";
import type { EpochMs } from "./time.ts";

/**
 * - `minting`: asked for; the answer is not in, or was lost.
 * - `minted`: GitHub has it; its configuration is not yet in the handoff.
 * - `delivered`: its configuration is in the handoff.
 * - `gone`: GitHub no longer has it: used up, or deleted by us.
 */
export type RunnerState = "minting" | "minted" | "delivered" | "gone";

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
  /** GitHub said it runs a job (an event, or a refusal to delete it). */
  readonly busyAt: EpochMs | null;
  /** The node's report that its process ended. */
  readonly exit: { readonly code: number; readonly reason: string; readonly at: EpochMs } | null;
  /** Questions or deletions sent to GitHub about it after its use: paces the next one. */
  readonly checks: { readonly times: number; readonly last: EpochMs | null };
}
