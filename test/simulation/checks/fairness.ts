import type { Allocation, Beneficiary } from "../../../src/domain/allocation.ts";
import { pbsNameOf } from "../../../src/domain/pbs-name.ts";
import { MINUTE } from "../../../src/domain/time.ts";
import type { WorkflowJob } from "../../../src/domain/workflow-job.ts";
import type { Store } from "../../../src/store/store.ts";
import type { Look, System } from "./check.ts";

/** After a start, jobs of before are not believed until it is known what became of them. */
const CATCHING_UP = 3 * MINUTE;

/** Pauses between a plan and the `qsub` it leads to, and some more. */
const MOST_SEEN = 50;

/** 11: of a pool no repository gets a further allocation while another, whose job is known to wait, has none. */
export function fairness(): Look {
  /** Queued jobs, and when they were first known to be. */
  let known = new Map<number, number>();
  /** For whom each was submitted: of those whose record says nothing more. */
  const submittedFor = new Map<string, string>();
  const judged = new Set<string>();
  /** What lived at the latest pauses: some may have ended between a plan and what it leads to. */
  const seen: { readonly at: number; readonly live: readonly Allocation[] }[] = [];
  let startedAt = 0;

  function repositoryOf({ name, beneficiary }: Allocation): string | null {
    return beneficiary?.repository ?? submittedFor.get(name) ?? null;
  }

  function judge(granted: readonly Allocation[], store: Store, system: System): string | null {
    const [first] = granted;
    if (!first || first.intendedAt < startedAt + CATCHING_UP) return null;
    const { pool } = first.lane;
    const live = store.allocations.live();
    const before = seen.findLast(({ at }) => at < first.intendedAt);
    const counted = [...(before?.live ?? []), ...live];
    const theirs = (all: readonly Allocation[], repository: string): number =>
      all.filter((each) => each.lane.pool === pool && repositoryOf(each) === repository).length;
    const has = (repository: string): number => theirs(live, repository);
    const favoured = granted.map(repositoryOf).find((each) => each !== null && has(each) > 1);
    if (favoured === undefined || favoured === null) return null;
    const starved = store.jobs
      .live()
      .find(
        (job) =>
          job.status === "queued" &&
          job.labels.includes(pool) &&
          theirs(counted, job.repository) === 0 &&
          (known.get(job.id) ?? Infinity) < first.intendedAt &&
          !isAtCeiling(job, counted, system),
      );
    return starved === undefined
      ? null
      : `${favoured} gets its ${has(favoured)}. allocation of ${pool}, and ${starved.repository} has none for job ${starved.id}`;
  }

  return (sighting, system) => {
    const { store, clock } = system;
    const now = clock.now();
    if (sighting.kind === "start") {
      startedAt = now;
      known = new Map();
      // What a lost store knew, its successor does not.
      if (system.storeLostAt !== null) submittedFor.clear();
    }
    if (store === null) return null;
    if (sighting.kind === "pause") {
      const queued = store.jobs.live().filter(({ status }) => status === "queued");
      known = new Map(queued.map(({ id }) => [id, known.get(id) ?? now]));
      if (seen.at(-1)?.at === now) seen.pop();
      seen.push({ at: now, live: store.allocations.live() });
      if (seen.length > MOST_SEEN) seen.shift();
    }
    if (sighting.kind !== "submission") return null;
    const granted = store.allocations
      .live()
      .filter(({ name }) => pbsNameOf(name).job === sighting.submission.name && !judged.has(name));
    for (const { name, beneficiary } of granted) {
      judged.add(name);
      if (beneficiary) submittedFor.set(name, beneficiary.repository);
    }
    return judge(granted, store, system);
  };
}

/** A ceiling of its repository or its user keeps it waiting. */
function isAtCeiling(
  { repository, actor }: WorkflowJob,
  allocations: readonly Allocation[],
  { scenario }: System,
): boolean {
  const count = (isTheirs: (each: Beneficiary) => boolean): number => {
    const theirs = allocations.filter((each) => each.beneficiary && isTheirs(each.beneficiary));
    return new Set(theirs.map(({ name }) => name)).size;
  };
  return (
    count((each) => each.repository === repository) >= scenario.eachRepository ||
    (actor !== null && count((each) => each.actor === actor) >= scenario.eachUser)
  );
}
