import type { Allocation } from "./allocation.ts";
import type { Hold } from "./hold.ts";
import type { Patience } from "./patience.ts";
import type { Limits, Pool } from "./pool.ts";
import type { Runner } from "./runner.ts";
import type { EpochMs } from "./time.ts";
import type { RegistrationScope, WorkflowJob } from "./workflow-job.ts";

/** What does not change while the program runs. */
export interface Rules {
  readonly pools: readonly Pool[];
  readonly limits: Limits;
  readonly patience: Patience;
  /** Allocations in one array at most; 1 where the site takes no arrays. */
  readonly mostInArray: number;
}

/** What is believed, from the store: intents and observations, each with its age. */
export interface World extends Rules {
  /** Neither completed nor refused. */
  readonly jobs: readonly WorkflowJob[];
  /** Not ended. */
  readonly allocations: readonly Allocation[];
  /** Not gone, or of an allocation that has not ended. */
  readonly runners: readonly Runner[];
  readonly holds: readonly Hold[];
  /** Where the App is installed, as far as we know. */
  readonly scopes: readonly RegistrationScope[];
  /** What PBS destinations (`null`: the default one) turned out to take less than `mostInArray`. */
  readonly arrayLimits: ReadonlyMap<string | null, number>;
  /** Keys of the actions that are under way: never planned a second time. */
  readonly inFlight: ReadonlySet<string>;
  /** Nothing was heard before this; what happened until then is being found out. 0 when that is done. */
  readonly deafUntil: EpochMs;
  /** 8 random characters of `[a-z0-9]`, new in each tick: new allocations take their names from it. */
  readonly nonce: string;
}
