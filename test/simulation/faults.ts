import { chance } from "./random.ts";
import type { Scenario } from "./scenario.ts";

/** What can go wrong, each at the place in the models that asks for it. */
export const FAULTS = [
  // Events.
  "event-lost",
  "event-never-made",
  "event-repeated",
  "event-late",
  "event-reordered",
  "event-refused",
  // GitHub's API.
  "github-5xx",
  "github-5xx-done",
  "github-429",
  "github-429-retry-after",
  "github-403",
  "github-403-retry-after",
  "github-409",
  "github-hang",
  "github-stale",
  "recovery-fails",
  // PBS's commands.
  "qsub-killed",
  "qsub-killed-after",
  "qsub-fails",
  "qsub-refused",
  "array-refused",
  "pbs-down",
  "pbs-hangs",
  "far-hangs",
  "qstat-stale",
  "qstat-misses",
  "qdel-ignored",
  "pbs-no-history",
  // PBS's jobs.
  "job-held",
  "job-impossible",
  "job-slow-to-start",
  "job-outlives-walltime",
  "node-lost",
  "node-silent",
  "script-fails",
  // GitHub's runners.
  "runner-never-connects",
  "runner-idles",
  "runner-dies",
  "runner-hangs-after",
  "runner-removed",
  "runner-taken-by-lane-mate",
  "runner-taken-by-unknown",
  // The program and what it writes to.
  "handoff-full",
  "inbox-full",
  "store-full",
  "store-lost",
  "crash-before",
  "crash-after",
  "shutdown",
  "second-instance",
] as const;
export type Fault = (typeof FAULTS)[number];

/** Asks whether a fault strikes here and now: the same answer whatever else is left out of the scenario. */
export class Faults {
  /** How often each has struck. */
  readonly struck = new Map<Fault, number>();
  readonly #scenario: Scenario;
  readonly #now: () => number;
  readonly #asked = new Map<string, number>();

  constructor(scenario: Scenario, now: () => number) {
    this.#scenario = scenario;
    this.#now = now;
  }

  strikes(fault: Fault, about: string | number = ""): boolean {
    const now = this.#now();
    for (const each of this.#scenario.disturbances) {
      if (each.fault !== fault || now < each.from || now >= each.to) continue;
      const key = `${fault}:${about}`;
      const times = this.#asked.get(key) ?? 0;
      this.#asked.set(key, times + 1);
      // A crash in every step would leave nothing that is done: one in twelve at most.
      const most = fault.startsWith("crash") ? 0.08 : 1;
      if (chance(this.#scenario.seed, each.from, key, times) >= each.probability * most) continue;
      this.note(fault);
      return true;
    }
    return false;
  }

  /** It struck by itself. */
  note(fault: Fault): void {
    this.struck.set(fault, (this.struck.get(fault) ?? 0) + 1);
  }
}
