import { HOUR, MINUTE, SECOND } from "../../src/domain/time.ts";
import { chance, randomFrom } from "./random.ts";

/** What can go wrong, each at the place in the models that asks for it. */
export const FAULTS = [
  "event-lost",
  "event-never-made",
  "event-repeated",
  "event-late",
  "event-refused",
  "github-5xx",
  "github-5xx-done",
  "github-429",
  "github-refused",
  "github-hang",
  "github-stale",
  "recovery-fails",
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
  "job-held",
  "job-impossible",
  "job-slow-to-start",
  "node-lost",
  "node-silent",
  "script-fails",
  "handoff-full",
  "runner-never-connects",
  "runner-dies",
  "runner-hangs-after",
  "runner-removed",
  "job-outlives-walltime",
  "crash-before",
  "crash-after",
] as const;
export type Fault = (typeof FAULTS)[number];

/** A fault that strikes with a probability, from one time to another. */
export interface Disturbance {
  readonly fault: Fault;
  /** Milliseconds since the beginning. */
  readonly from: number;
  readonly to: number;
  readonly probability: number;
}

export interface SimulatedJob {
  readonly id: number;
  readonly pool: "small" | "large" | "nowhere";
  /** Milliseconds since the beginning. */
  readonly queuedAt: number;
  /** Queued together with others: one matrix of one workflow. */
  readonly inBurst: boolean;
  readonly duration: number;
  /** `null` for never. */
  readonly cancelledAt: number | null;
  /** Ids of jobs that must have ended before it is queued; `queuedAt` then says nothing. */
  readonly needs?: readonly number[];
  /** Default `model`. */
  readonly repository?: string;
}

/** All that is particular to one history; everything else follows from it and the seed. */
export interface Scenario {
  readonly seed: number;
  readonly jobs: readonly SimulatedJob[];
  readonly disturbances: readonly Disturbance[];
  readonly reuse: boolean;
  readonly mostInArray: number;
  /** How long PBS lets an allocation wait at most. */
  readonly queueWait: number;
}

/** Faults end here; what the program does later it does in peace. */
export const FAULTS_END = 3 * HOUR;

export function scenarioOf(seed: number): Scenario {
  const random = randomFrom(seed, "scenario");
  const pick = (most: number): number => Math.floor(random() * most);
  const burstAt = pick(HOUR);
  const jobs = Array.from({ length: 1 + pick(8) }, (_, index): SimulatedJob => {
    const inBurst = random() < 0.5;
    const queuedAt = inBurst ? burstAt : random() < 0.5 ? pick(MINUTE) : pick(2 * HOUR);
    return {
      id: 1_000 + index,
      pool: random() < 0.65 ? "small" : random() < 0.9 ? "large" : "nowhere",
      queuedAt,
      inBurst,
      duration: 5 * SECOND + pick(20 * MINUTE),
      cancelledAt: random() < 0.15 ? queuedAt + pick(30 * MINUTE) : null,
    };
  });
  const disturbances = Array.from({ length: pick(7) }, (): Disturbance => {
    const fault = FAULTS[pick(FAULTS.length)] ?? "event-lost";
    const from = random() < 0.4 ? 0 : pick(2 * HOUR);
    const to = Math.min(FAULTS_END, from + MINUTE + pick(HOUR));
    return { fault, from, to, probability: random() < 0.5 ? 1 : 0.1 + 0.6 * random() };
  });
  const queueWait = random() < 0.5 ? MINUTE : HOUR;
  const reuse = random() < 0.5;
  const mostInArray = [1, 3, 100][pick(3)] ?? 1;
  return { seed, jobs, disturbances, reuse, queueWait, mostInArray };
}

/** Asks whether a fault strikes here and now: the same answer whatever else is left out of the scenario. */
export class Faults {
  readonly #scenario: Scenario;
  readonly #now: () => number;
  readonly #asked = new Map<string, number>();

  constructor(scenario: Scenario, now: () => number) {
    this.#scenario = scenario;
    this.#now = now;
  }

  strikes(fault: Fault, about: string | number = ""): boolean {
    const now = this.#now();
    return this.#scenario.disturbances.some((each) => {
      if (each.fault !== fault || now < each.from || now >= each.to) return false;
      const key = `${fault}:${about}`;
      const times = this.#asked.get(key) ?? 0;
      this.#asked.set(key, times + 1);
      // A crash in every step would leave nothing that is done: one in twelve at most.
      const most = fault.startsWith("crash") ? 0.08 : 1;
      return chance(this.#scenario.seed, each.from, key, times) < each.probability * most;
    });
  }
}
