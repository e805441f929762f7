import type { Lane } from "../lane.ts";
import { allocationNames } from "../pbs-name.ts";
import type { World } from "../world.ts";
import type { LaneView } from "./survey.ts";

type ArrayRules = Pick<World, "mostInArray" | "arrayLimits">;

function mostInArray(world: ArrayRules, lane: Lane): number {
  const learnt = world.arrayLimits.get(lane.request.queue) ?? Infinity;
  return Math.max(1, Math.min(world.mostInArray, learnt));
}

/**
 * Whether a submission of the lane is under way, so that more jobs wait for its end and then go out together: events of
 * a matrix come one by one, and the first need not wait for the others.
 */
export function isSubmitting(world: World, { lane, pending }: LaneView): boolean {
  // Seats are as many as there are in a job, whenever it is submitted.
  if (lane.slots > 1 || mostInArray(world, lane) === 1) return false;
  return pending.some(({ name }) => world.inFlight.has(`submit:${name}`));
}

/**
 * Names for the new allocations of one tick: as few PBS jobs as possible, so that a burst is one `qsub -J` where the
 * destination takes arrays, and jobs of their own where it does not. Of a lane with seats there are as many names as its
 * PBS jobs have, which may be more than were asked for.
 */
export function createNaming(
  world: ArrayRules & Pick<World, "nonce">,
): (lane: Lane, count: number) => string[] {
  let serial = 0;
  return function nameAll(lane, count) {
    const names: string[] = [];
    if (lane.slots > 1) {
      while (names.length < count) {
        names.push(...allocationNames(jobName(world.nonce, serial++), lane.slots));
      }
      return names;
    }
    const most = mostInArray(world, lane);
    for (let left = count; left > 0; left -= most) {
      names.push(...allocationNames(jobName(world.nonce, serial++), Math.min(left, most)));
    }
    return names;
  };
}

/** 15 characters, as older PBS allows: `ghr-`, the tick's 8 random ones, and a number within the tick. */
function jobName(nonce: string, serial: number): string {
  return `ghr-${nonce}${serial.toString(36).padStart(3, "0")}`;
}
