import { REUSE_POLICIES, type ReusePolicy } from "../../src/domain/pool.ts";
import { HOUR, MINUTE, SECOND } from "../../src/domain/time.ts";
import { FAULTS, type Fault } from "./faults.ts";
import { randomFrom } from "./random.ts";

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
  readonly repository: string;
  /** GitHub login of who queued it. */
  readonly user: string;
}

/** All that is particular to one history; everything else follows from it and the seed. */
export interface Scenario {
  readonly seed: number;
  readonly jobs: readonly SimulatedJob[];
  readonly disturbances: readonly Disturbance[];
  readonly reuse: ReusePolicy;
  /** Allocations at once for each repository, and for each user. */
  readonly eachRepository: number;
  readonly eachUser: number;
  /** Kept warm in the small pool for the first two hours. */
  readonly warm: number;
  readonly mostInArray: number;
  /** Seats of a PBS job of the small pool. */
  readonly slots: number;
  /** How long PBS lets an allocation wait at most. */
  readonly queueWait: number;
  readonly statusInterval: number;
  /** Whether the store is a file, with a lease beside it; otherwise a database in memory, which is faster. */
  readonly onDisk: boolean;
}

/** Faults end here; what the program does later it does in peace. */
export const FAULTS_END = 3 * HOUR;

/** Faults that hardly ever have an occasion, and what gives them one. */
const CAUSES: Partial<Readonly<Record<Fault, Fault>>> = {
  "qdel-ignored": "node-silent",
  "github-stale": "event-lost",
  // What was missed is found all at once.
  "array-refused": "event-lost",
};

const REPOSITORIES = ["model", "ocean", "ice"];
const USERS = ["ada", "grace", "mary"];

export function scenarioOf(seed: number): Scenario {
  const random = randomFrom(seed, "scenario");
  const pick = (most: number): number => Math.floor(random() * most);
  const burstAt = pick(HOUR);
  const oneOf = <T>(values: readonly T[], fallback: T): T =>
    values[pick(values.length)] ?? fallback;
  const repositories = random() < 0.4 ? REPOSITORIES.slice(0, 1) : REPOSITORIES;
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
      repository: oneOf(repositories, "model"),
      user: oneOf(USERS, "ada"),
    };
  });
  const disturbances = Array.from({ length: pick(7) }, (): Disturbance[] => {
    const fault = FAULTS[pick(FAULTS.length)] ?? "event-lost";
    const from = random() < 0.4 ? 0 : pick(2 * HOUR);
    const to = Math.min(FAULTS_END, from + MINUTE + pick(HOUR));
    const probability = random() < 0.5 ? 1 : 0.1 + 0.6 * random();
    const cause = CAUSES[fault];
    if (!cause) return [{ fault, from, to, probability }];
    return [
      { fault, from, to: FAULTS_END, probability },
      { fault: cause, from, to, probability: 1 },
    ];
  }).flat();
  return {
    seed,
    jobs,
    disturbances,
    reuse: random() < 0.4 ? "never" : oneOf(REUSE_POLICIES, "lane"),
    eachRepository: oneOf([Infinity, Infinity, 3, 1], Infinity),
    eachUser: oneOf([Infinity, Infinity, 2], Infinity),
    warm: random() < 0.2 ? 1 + pick(2) : 0,
    queueWait: random() < 0.5 ? MINUTE : HOUR,
    statusInterval: oneOf([15 * SECOND, MINUTE, MINUTE, 3 * MINUTE], MINUTE),
    onDisk: random() < 0.1,
    mostInArray: oneOf([1, 3, 100], 1),
    slots: random() < 0.3 ? 3 : 1,
  };
}
