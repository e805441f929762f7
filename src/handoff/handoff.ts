import type { EndCause } from "../domain/end-cause.ts";
import type { RunnerExit } from "../domain/runner-exit.ts";

/**
 * The directory on the shared filesystem through which an allocation gets its runner.
 *
 *     <handoff>/inbox/<allocation>.<secret>.<message>     node → us, one file a message
 *     <handoff>/<allocation>.<secret>/turn-<n>.jit        us → node, the runner's JIT configuration, and our time
 *     <handoff>/<allocation>.<secret>/release             us → node: end now
 *     <handoff>/<allocation>.<secret>/begun/              the node's own: it has started once
 *
 * Every file appears by rename, so it is whole when it can be seen; directories are 0700, files 0600. The node's
 * messages share one inbox so that hearing of any number of allocations is one directory listing.
 */

/** What a node can say. `turn` counts from 1. */
export type Message = { readonly allocation: string; readonly pbsJobId: string | null } & (
  | {
      readonly kind: "asks";
      readonly turn: number;
      readonly host: string;
      /** What jobs may miss on this node: one sentence. */
      readonly remark: string | null;
    }
  | {
      readonly kind: "reports";
      readonly turn: number;
      readonly exit: Omit<RunnerExit, "at">;
      /** The runner was made to update itself: the release that allocations run is no longer the one GitHub wants. */
      readonly updated: boolean;
    }
  | { readonly kind: "ends"; readonly cause: EndCause; readonly reason: string }
);

export interface Received {
  readonly message: Message;
  /** Names the file, for {@link Handoff.acknowledge}. */
  readonly file: string;
}

/** Our end of the protocol; the node's end is `src/runner/allocation.sh`. Rejects with the filesystem's error. */
export interface Handoff {
  /** Makes the allocation's directory; returns its unguessable path. Done again, it gives the same path. */
  open(allocation: string): Promise<string>;
  /** Messages not yet acknowledged; foreign and malformed files are left, and reported once. */
  receive(): Promise<readonly Received[]>;
  /** Removes messages that have been stored. */
  acknowledge(received: readonly Received[]): Promise<void>;
  /** Puts a runner's JIT configuration where the allocation looks for it. */
  deliver(allocation: string, turn: number, jitConfig: string): Promise<void>;
  release(allocation: string): Promise<void>;
  /**
   * Names of the allocations that have a directory here: its name proves that we made it. What else is in the handoff is
   * left, and reported once.
   */
  list(): Promise<readonly string[]>;
  /** Removes all that is the allocation's. Missing is fine. */
  close(allocation: string): Promise<void>;
}
