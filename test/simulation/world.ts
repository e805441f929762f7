import type { SimulatedClock } from "./clock.ts";
import { chance } from "./random.ts";
import type { Faults, Scenario } from "./scenario.ts";

/** A promise that was broken, with the invariant's name. */
export class Violation extends Error {
  readonly invariant: string;

  constructor(invariant: string, message: string) {
    super(`${invariant}: ${message}`);
    this.invariant = invariant;
  }
}

/** What all models share. */
export interface Surroundings {
  readonly scenario: Scenario;
  readonly clock: SimulatedClock;
  readonly faults: Faults;
  /** When the history begins, milliseconds since the epoch. */
  readonly epoch: number;
  /** What happened, for people to read. */
  readonly tell: (text: string) => void;
  readonly violate: (invariant: string, message: string) => void;
}

/** Between `least` and `most` milliseconds, always the same for the same words. */
export function delay(
  { scenario }: Surroundings,
  least: number,
  most: number,
  ...words: readonly (string | number)[]
): number {
  return least + Math.floor((most - least) * chance(scenario.seed, "delay", ...words));
}
