import { oldestLive } from "../domain/allocation.ts";
import type { Hold } from "../domain/hold.ts";
import type { Pool } from "../domain/pool.ts";
import type { EpochMs } from "../domain/time.ts";
import type { Store } from "../store/store.ts";
import { viewAllocation, type AllocationView } from "./allocation-view.ts";
import { jobViewer, type JobView } from "./job-view.ts";

export interface Overview {
  readonly at: EpochMs;
  /** Newest first. */
  readonly jobs: readonly JobView[];
  readonly allocations: readonly AllocationView[];
  /** When the oldest allocation that lives was submitted, also of those not in the list; `null` if none lives. */
  readonly oldestLive: EpochMs | null;
  /** What is paused, and why. */
  readonly holds: readonly Hold[];
}

/** The latest of everything, from the store alone. `most` bounds each list. */
export function overviewOf(
  store: Store,
  pools: readonly Pool[],
  now: EpochMs,
  most = 200,
): Overview {
  return {
    at: now,
    jobs: store.jobs.newest("created_at", most).map(jobViewer(store, pools, now)),
    allocations: store.allocations
      .newest("intended_at", most)
      .map((each) => viewAllocation(store, each)),
    oldestLive: oldestLive(store.allocations.live()),
    holds: store.holds.live(),
  };
}
