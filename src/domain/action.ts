import type { Allocation } from "./allocation.ts";
import type { Lane } from "./lane.ts";
import { pbsNameOf } from "./pbs-name.ts";

/** An allocation that is to be. */
export type NewAllocation = Pick<Allocation, "name" | "beneficiary">;

/** What the plan wants done. Each names only what it is about: whoever acts reads the rest from the store. */
export type Action =
  /** Submit these: those with the name of one PBS job as one array. */
  | { readonly kind: "submit"; readonly lane: Lane; readonly allocations: readonly NewAllocation[] }
  /** Ask PBS by name about a submission whose answer was lost: once for all members of an array. */
  | { readonly kind: "look-up"; readonly allocation: string }
  /** Ask PBS directly, past any cache, about a job it did not list. */
  | { readonly kind: "confirm-absence"; readonly allocation: string }
  /** Mint a runner for a waiting allocation and hand it over. */
  | {
      readonly kind: "mint-and-deliver";
      readonly runner: string;
      readonly allocation: string;
      readonly turn: number;
      readonly jobId: number;
    }
  /** Tell an allocation, through the handoff, to end. */
  | { readonly kind: "release"; readonly allocation: string; readonly reason: string }
  | {
      readonly kind: "delete";
      readonly allocations: readonly string[];
      readonly force: boolean;
      readonly reason: string;
    }
  /** The conclusion that an allocation is over: it leaves the world, and its handoff is removed. */
  | { readonly kind: "end"; readonly allocation: string; readonly reason: string }
  /** Delete a registration, unless GitHub says that it runs a job. */
  | { readonly kind: "deregister"; readonly runner: string; readonly reason: string }
  /** Ask GitHub by name about a runner whose minting was not answered. */
  | { readonly kind: "find-runner"; readonly runner: string }
  /** The conclusion that GitHub has no such runner (any more). */
  | { readonly kind: "forget-runner"; readonly runner: string; readonly reason: string }
  /** Ask GitHub about a job. */
  | { readonly kind: "confirm-job"; readonly jobId: number }
  /** We shall not serve this job; its author can read why. */
  | { readonly kind: "refuse"; readonly jobId: number; readonly reason: string };

/** The idempotency keys of an action: while one is in flight, no action with the same key is planned. */
export function keysOf(action: Action): readonly string[] {
  switch (action.kind) {
    case "submit":
      return action.allocations.map(({ name }) => `submit:${name}`);
    case "delete":
      return action.allocations.map((name) => `delete:${name}`);
    case "look-up":
      return [`look-up:${pbsNameOf(action.allocation).job}`];
    case "confirm-absence":
    case "release":
    case "end":
      return [`${action.kind}:${action.allocation}`];
    case "mint-and-deliver":
    case "deregister":
    case "find-runner":
    case "forget-runner":
      return [`${action.kind}:${action.runner}`];
    case "confirm-job":
    case "refuse":
      return [`${action.kind}:${action.jobId}`];
  }
}
