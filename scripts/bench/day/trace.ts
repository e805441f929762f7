import { HOUR, MINUTE } from "../../../src/domain/time.ts";
import { randomFrom } from "../../../test/simulation/random.ts";
import type { SimulatedJob } from "../../../test/simulation/scenario.ts";

const LENGTH = 4 * HOUR;
const PUSHES = 40;
const REPOSITORIES = ["climate-model", "ocean-model", "analysis-tools"];
/** People push about the same time: before lunch, after a review, when a merge queue moves on. */
const BURST = { least: 2, most: 4, within: 2 * MINUTE };
const SHORTEST = MINUTE;
const LONGEST = 5 * MINUTE;

/** Of each job, which ones it needs. */
type Shape = readonly (readonly number[])[];

/** How the five jobs of a workflow need each other: one after the other, or three tests after a build and then a report. */
const CHAIN: Shape = [[], [0], [1], [2], [3]];
const FAN: Shape = [[], [0], [0], [0], [1, 2, 3]];
const SHAPES = [CHAIN, FAN];

/** 200 jobs of a working day: 40 pushes in bursts over four hours, each with a workflow of five jobs of one of the shapes. */
export function traceOf(seed: number): readonly SimulatedJob[] {
  const random = randomFrom(seed, "day");
  const pick = <T>(from: readonly T[]): T | undefined => from[Math.floor(random() * from.length)];
  const jobs: SimulatedJob[] = [];
  function run(shape: Shape, queuedAt: number, repository: string): void {
    const first = 1_000 + jobs.length;
    for (const [index, needed] of shape.entries()) {
      jobs.push({
        id: first + index,
        pool: "small",
        queuedAt,
        inBurst: false,
        duration: Math.floor(SHORTEST + random() * (LONGEST - SHORTEST)),
        cancelledAt: null,
        repository,
        user: "somebody",
        ...(needed.length > 0 ? { needs: needed.map((each) => first + each) } : {}),
      });
    }
  }
  let pushes = 0;
  while (pushes < PUSHES) {
    const at = random() * LENGTH;
    const size = BURST.least + Math.floor(random() * (BURST.most - BURST.least + 1));
    for (let each = 0; each < size && pushes < PUSHES; each++, pushes++) {
      const queuedAt = Math.floor(at + random() * BURST.within);
      run(pick(SHAPES) ?? CHAIN, queuedAt, pick(REPOSITORIES) ?? "climate-model");
    }
  }
  return jobs;
}
