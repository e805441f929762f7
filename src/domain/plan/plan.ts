import { keysOf, type Action } from "../action.ts";
import type { EpochMs } from "../time.ts";
import type { World } from "../world.ts";
import { planAllocations } from "./allocations.ts";
import { planJobs } from "./jobs.ts";
import { planRunners } from "./runners.ts";
import { planSupply } from "./supply.ts";
import { survey } from "./survey.ts";

/**
 * The actions that would bring the world closer to what is wanted. Pure: everything the program decides is decided
 * here, from what the store believes; nothing is remembered between two plans.
 */
export function plan(world: World, now: EpochMs): Action[] {
  const seen = survey(world, now);
  const wanted = [
    ...planJobs(seen),
    ...planAllocations(seen),
    ...planRunners(seen),
    ...planSupply(seen),
  ];
  const taken = new Set(world.inFlight);
  return wanted.filter((action) => {
    const keys = keysOf(action);
    if (keys.some((key) => taken.has(key))) return false;
    for (const key of keys) taken.add(key);
    return true;
  });
}
