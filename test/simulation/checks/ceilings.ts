import { pbsNameOf } from "../../../src/domain/pbs-name.ts";
import { MINUTE, SECOND } from "../../../src/domain/time.ts";
import type { Submission } from "../../../src/pbs/pbs.ts";
import type { ModelAllocation } from "../models/pbs.ts";
import type { Look, System } from "./check.ts";

/** GitHub counts a write 5 points, and allows 900 a minute for an endpoint (facts/github.md §4). */
const MINTS_A_MINUTE = 180;
/** A call that had begun before GitHub's word is answered within this. */
const UNDER_WAY = 3 * SECOND;

/** 2: not more allocations than allowed, not more mints than GitHub allows, and none while it asks us to wait. */
export function ceilings(): Look {
  let mints: number[] = [];
  /** What GitHub said to a program that died of it, nobody knows any more. */
  let unheard = 0;
  return (sighting, system) => {
    const { clock, github } = system;
    const { closed } = github;
    if (sighting.kind === "start") unheard = closed.at;
    if (sighting.kind === "submission") {
      return tooMany(system, sighting.submission) ?? tooManyForOne(system, sighting.submission);
    }
    if (sighting.kind !== "call") return null;
    const now = clock.now();
    if (closed.at > unheard && now > closed.at + UNDER_WAY && now < closed.until) {
      return `${sighting.what}, though GitHub said to wait`;
    }
    if (!sighting.mint) return null;
    mints = [...mints.filter((at) => now - at < MINUTE), now];
    return mints.length > MINTS_A_MINUTE ? `${mints.length} mints in a minute` : null;
  };
}

function tooMany(system: System, { queue, members }: Submission): string | null {
  const [name = ""] = (queue ?? "").split("@");
  const live = system.pbs.live().filter((each) => counts(each, system));
  const inQueue = live.filter((each) => each.submission.queue === queue).length + members;
  if (inQueue > (system.ceilings[name] ?? 0)) return `${inQueue} allocations in ${queue}`;
  return live.length + members > system.ceiling ? `${live.length + members} allocations` : null;
}

/**
 * Of one repository or user. Seats of a PBS job count as one, for whom it was submitted, which nobody can tell afterwards:
 * where there are none.
 */
function tooManyForOne({ store, scenario, clock }: System, { name }: Submission): string | null {
  if (store === null || scenario.slots > 1) return null;
  const live = store.allocations.live();
  const granted = live.filter(
    (each) => pbsNameOf(each.name).job === name && each.intendedAt === clock.now(),
  );
  for (const { beneficiary } of granted) {
    if (beneficiary === null) continue;
    const { repository, actor } = beneficiary;
    const theirs = live.filter((each) => each.beneficiary?.repository === repository).length;
    if (theirs > scenario.eachRepository) return `${theirs} allocations for ${repository}`;
    const users = live.filter((each) => each.beneficiary?.actor === actor).length;
    if (actor !== null && users > scenario.eachUser) return `${users} allocations for ${actor}`;
  }
  return null;
}

/** What is being deleted is on its way out; of what a lost store knew, its successor must first find out. */
function counts({ deletedAt, submittedAt }: ModelAllocation, { storeLostAt }: System): boolean {
  return deletedAt === null && (storeLostAt === null || submittedAt > storeLostAt);
}
