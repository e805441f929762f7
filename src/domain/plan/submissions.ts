import type { Action, NewAllocation } from "../action.ts";
import type { Allocation, Beneficiary } from "../allocation.ts";
import { groupBy } from "../group.ts";
import { allocationsSubject, poolSubject } from "../hold.ts";
import type { Lane } from "../lane.ts";
import type { WorkflowJob } from "../workflow-job.ts";
import { countAll, type Counts } from "./counts.ts";
import { createNaming, isSubmitting } from "./naming.ts";
import type { LaneView, Survey } from "./survey.ts";

/** A lane that lacks allocations. */
export interface Want {
  readonly view: LaneView;
  /** How many it lacks, spare ones included. */
  readonly count: number;
  /** How many of them are to be spare: for no job that waits now. */
  readonly spare: number;
  /** Started allocations that will take its jobs, besides those that wait in PBS. */
  readonly coming: readonly Allocation[];
}

/**
 * Submits within every ceiling, in fair turns: of the repositories with waiting jobs, the one with the fewest allocations
 * in its pool is next; among equals the one whose job waits longest. Spare allocations come last.
 */
export function planSubmissions(survey: Survey, wants: readonly Want[]): Action[] {
  const { world } = survey;
  const counts = countAll(world.limits, survey.pools, world.allocations, (each) => {
    return survey.phases.get(each.name) === "pending";
  });
  const grants = new Grants(survey, counts, wants);
  const queues = queuesOf(survey, wants);
  for (;;) {
    const next = fewestFirst(queues, counts);
    if (!next) break;
    const claim = next.claims[next.at];
    next.at += 1;
    if (!claim) continue;
    const { want, beneficiary } = claim;
    const broken = grants.tryOne(want, beneficiary, want.count - want.spare);
    // A later job of the repository may be another user's, or of a lane that still lacks; nothing else differs.
    if (broken !== null && broken !== "user" && broken !== "lane") next.at = next.claims.length;
  }
  for (const want of wants) {
    for (let spare = 0; spare < want.spare; spare++) grants.tryOne(want, null, want.count);
  }
  return grants.actions();
}

interface Claim {
  readonly want: Want;
  readonly beneficiary: Beneficiary;
  readonly since: number;
}

/** The claims of one repository in one pool, oldest first. */
interface Queue {
  readonly claims: readonly Claim[];
  at: number;
}

function queuesOf(survey: Survey, wants: readonly Want[]): readonly Queue[] {
  const claims = wants.flatMap((want) =>
    uncoveredJobs(survey, want).map(({ repository, actor, createdAt }): Claim => ({
      want,
      beneficiary: { repository, actor },
      since: createdAt,
    })),
  );
  const queues = groupBy(claims, ({ want, beneficiary }) => {
    const { pool, identity } = want.view.lane;
    return `${pool}\n${identity.scope.organization}\n${beneficiary.repository}`;
  });
  return [...queues.values()].map((theirs) => ({
    claims: theirs.toSorted((a, b) => a.since - b.since),
    at: 0,
  }));
}

/**
 * The jobs of a lane, oldest first, for whose repository nothing comes yet: neither an allocation nor a runner. They may
 * be more than the lane lacks, since what comes for one repository may serve another; turns decide who is first.
 */
function uncoveredJobs(survey: Survey, { view, coming }: Want): readonly WorkflowJob[] {
  const supplied = new Map<string, number>();
  const served = view.idleRunners.map(({ allocation }) => survey.allocations.get(allocation));
  for (const each of [...coming, ...view.pending, ...served]) {
    const repository = each?.beneficiary?.repository;
    if (repository !== undefined) supplied.set(repository, (supplied.get(repository) ?? 0) + 1);
  }
  return view.queued.filter((job) => {
    const left = supplied.get(job.repository) ?? 0;
    supplied.set(job.repository, left - 1);
    return left <= 0 && isBelieved(survey, job);
  });
}

/** While we catch up with what we did not hear, a job of before may long be over. */
function isBelieved({ world }: Survey, job: WorkflowJob): boolean {
  return job.observedAt >= world.deafUntil;
}

function fewestFirst(queues: readonly Queue[], counts: Counts): Queue | null {
  let best: Queue | null = null;
  let fewest = Infinity;
  let oldest = Infinity;
  for (const queue of queues) {
    const claim = queue.claims[queue.at];
    if (!claim) continue;
    const has = counts.turnsOf(claim.want.view.lane, claim.beneficiary);
    if (has > fewest || (has === fewest && claim.since >= oldest)) continue;
    [best, fewest, oldest] = [queue, has, claim.since];
  }
  return best;
}

/** What has been granted in this plan, by lane. */
class Grants {
  readonly #survey: Survey;
  readonly #counts: Counts;
  readonly #byLane = new Map<string, { readonly lane: Lane; readonly granted: Beneficiaries }>();
  /** Lanes whose next allocations wait for the end of a submission. */
  readonly #submitting = new Set<string>();
  /** By pool: how many more its holds allow. */
  readonly #probes = new Map<string, number>();

  constructor(survey: Survey, counts: Counts, wants: readonly Want[]) {
    this.#survey = survey;
    this.#counts = counts;
    for (const { view } of wants) {
      const { key, pool } = view.lane;
      if (isSubmitting(survey.world, view)) this.#submitting.add(key);
      const most = mostByHolds(survey, view, counts.ofPool(pool));
      this.#probes.set(pool, Math.min(this.#probes.get(pool) ?? Infinity, most));
    }
  }

  /**
   * @param most of this lane in this plan.
   * @returns what stands in the way, `null` if it was granted.
   */
  tryOne({ view }: Want, beneficiary: Beneficiary | null, most: number): string | null {
    const { lane } = view;
    const known = this.#byLane.get(lane.key) ?? { lane, granted: [] };
    if (known.granted.length >= most || this.#submitting.has(lane.key)) return "lane";
    // A seat of a PBS job that is granted already: holds and ceilings count PBS jobs.
    const isSeat = known.granted.length % lane.slots !== 0;
    const probes = this.#probes.get(lane.pool) ?? 0;
    if (!isSeat && probes <= 0) return "hold";
    const broken = isSeat ? null : this.#counts.brokenBy(lane, beneficiary);
    if (broken !== null) return broken;
    known.granted.push(beneficiary);
    this.#byLane.set(lane.key, known);
    if (beneficiary) this.#counts.takeTurn(lane, beneficiary);
    if (isSeat) return null;
    this.#probes.set(lane.pool, probes - 1);
    this.#counts.add(lane, beneficiary, true);
    return null;
  }

  actions(): Action[] {
    const nameAll = createNaming(this.#survey.world);
    return [...this.#byLane.values()].map(({ lane, granted }) => {
      const names = nameAll(lane, granted.length);
      // A PBS job's last seats may be for nobody yet.
      const allocations = names.map((name, index): NewAllocation => ({
        name,
        beneficiary: granted[index] ?? null,
      }));
      return { kind: "submit", lane, allocations };
    });
  }
}

type Beneficiaries = (Beneficiary | null)[];

/** How many may be submitted after failures: none for a while, then one to see whether it works again. */
function mostByHolds(survey: Survey, view: LaneView, inPool: number): number {
  const submissions = survey.holds.get(poolSubject(view.lane.pool));
  const allocations = survey.holds.get(allocationsSubject(view.lane.pool));
  const paused = [submissions, allocations].some((hold) => hold && hold.until > survey.now);
  if (paused) return 0;
  const unsettled = view.pending.some((each) => each.submission !== "accepted");
  if (submissions && unsettled) return 0;
  if (allocations && inPool > 0) return 0;
  return submissions || allocations ? 1 : Infinity;
}
