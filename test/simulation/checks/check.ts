import type { Store } from "../../../src/store/store.ts";
import type { SimulatedClock } from "../clock.ts";
import type { GitHubModel } from "../models/github.ts";
import type { HandoffModel } from "../models/handoff.ts";
import type { PbsModel } from "../models/pbs.ts";
import type { Scenario } from "../scenario.ts";
import type { Sighting } from "../world.ts";

/**
 * What must hold in every history: the invariants of the design, by their numbers, that the program lives, and that no
 * repository starves beside another.
 */
export const INVARIANTS = [
  "0 the program lives",
  "1 served or refused",
  "2 no ceiling exceeded",
  "3 nothing left",
  "3 never a busy runner",
  "4 only to its own lane",
  "5 the same end",
  "6 a crash loses nothing and repeats nothing",
  "7 one observation a tick",
  "8 missing is not gone",
  "9 no secret is told",
  "10 outsiders' text stays text",
  "11 fair turns",
] as const;
export type Invariant = (typeof INVARIANTS)[number];

/** The whole of a history, as a check may look at it. */
export interface System {
  readonly scenario: Scenario;
  readonly clock: SimulatedClock;
  readonly epoch: number;
  readonly github: GitHubModel;
  readonly pbs: PbsModel;
  readonly handoff: HandoffModel;
  /** Of the instance that runs; `null` while none does. */
  readonly store: Store | null;
  /** Starts of the program. */
  readonly lives: number;
  /** When the store was last lost; `null` if never. */
  readonly storeLostAt: number | null;
  /** Allocations that may live at once: in each queue, and in all. */
  readonly ceilings: Readonly<Record<string, number>>;
  readonly ceiling: number;
}

/** @returns what is wrong, or `null`. New for each history: it may remember what it saw. */
export type Look = (sighting: Sighting, system: System) => string | null;
