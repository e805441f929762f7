import type { Allocation } from "../allocation.ts";
import { groupBy } from "../group.ts";
import type { Survey } from "./survey.ts";

/**
 * Live allocations by the PBS job that they share; most have one of their own. By its id, and not by what their lane
 * says: of an allocation whose record was lost nobody knows the lane.
 */
export type Seats = ReadonlyMap<string | null, readonly Allocation[]>;

export function seatsIn(allocations: readonly Allocation[]): Seats {
  return groupBy(allocations, ({ pbsJobId }) => pbsJobId);
}

/** All that live of its PBS job, itself included. */
export function companyOf({ seats }: Survey, allocation: Allocation): readonly Allocation[] {
  const { pbsJobId } = allocation;
  return (pbsJobId === null ? null : seats.get(pbsJobId)) ?? [allocation];
}

/** The PBS job goes on without this seat: another of it does not leave. */
export function isOutlived(survey: Survey, allocation: Allocation): boolean {
  return companyOf(survey, allocation).some((each) => each !== allocation && !isDone(survey, each));
}

/** Leaving, or fallen silent: nothing more is to be expected of it. */
function isDone({ phases, currentRunners, world, now }: Survey, { name }: Allocation): boolean {
  const phase = phases.get(name);
  if (phase !== "between") return phase === "leaving";
  const since = currentRunners.get(name)?.exit?.at;
  return since !== undefined && now - since >= world.patience.leaving;
}

/**
 * A free seat costs nothing while another seat of its PBS job works or is about to: it waits for the next job.
 *
 * @param free started ones that no job needs.
 */
export function hasWorkingCompany(
  survey: Survey,
  allocation: Allocation,
  free: ReadonlySet<Allocation>,
): boolean {
  return companyOf(survey, allocation).some((each) => {
    const phase = survey.phases.get(each.name);
    return phase !== "leaving" && phase !== "pending" && !free.has(each);
  });
}
