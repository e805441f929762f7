import type { Action } from "../action.ts";
import type { Allocation } from "../allocation.ts";
import { groupBy } from "../group.ts";
import { MINUTE } from "../time.ts";
import type { WorkflowJob } from "../workflow-job.ts";
import { gitHubHold, leavesGitHubAlone } from "./github-holds.ts";
import { mayTake, restsUntil } from "./reuse.ts";
import { deregister } from "./runners.ts";
import { companyOf, hasWorkingCompany } from "./seats.ts";
import { planSubmissions, type Want } from "./submissions.ts";
import type { LaneView, Survey } from "./survey.ts";
import { warmTargets } from "./warm.ts";

/** Brings each lane's supply to its demand: submit, mint and deliver, or let go. */
export function planSupply(survey: Survey): Action[] {
  const spares = warmTargets(survey);
  const actions: Action[] = [];
  const wants: Want[] = [];
  for (const view of survey.lanes.values()) {
    const planned = planLane(survey, view, spares.get(view.lane.key) ?? 0);
    actions.push(...planned.actions);
    if (planned.want) wants.push(planned.want);
  }
  return [...actions, ...planSubmissions(survey, wants)];
}

function planLane(
  survey: Survey,
  view: LaneView,
  spare: number,
): { readonly actions: readonly Action[]; readonly want: Want | null } {
  // Every idle runner takes one of the lane's queued jobs; which one is GitHub's choice.
  const uncovered = view.queued.slice(view.idleRunners.length);
  const usable: Allocation[] = [];
  const spent: Allocation[] = [];
  for (const each of view.ready) (hasWalltimeLeft(each, survey.now) ? usable : spent).push(each);
  const able = new Set(usable.filter((each) => mayTake(survey, each, uncovered)));
  // One that served nobody yet would be let go at once: it comes first.
  const fresh = [...able].filter(({ turns }) => turns.delivered === 0);
  const used = [...able].filter(({ turns }) => turns.delivered > 0);
  const taking = [...fresh, ...used].slice(0, uncovered.length);
  const taken = new Set(taking);
  const free = usable.filter((each) => !taken.has(each));
  const resting = rest(survey, free, able, spare);
  const returning = view.returning.filter((each) => mayTake(survey, each, uncovered));
  const coming = taking.length + returning.length + view.pending.length;
  const stillSpare = Math.max(0, spare - resting.staying.length);
  const missing = uncovered.length + stillSpare - coming;
  return {
    actions: [
      ...spent.map((each) => release(each, "too little of its walltime is left")),
      ...planMints(survey, view, taking, uncovered),
      ...resting.leaving.map((each) => release(each, NOT_NEEDED)),
      ...planSurplus(survey, view, -missing),
      ...planSurplusRunners(survey, view),
    ],
    want:
      missing <= 0
        ? null
        : { view, count: missing, spare: stillSpare, coming: [...taking, ...returning] },
  };
}

const NOT_NEEDED = "no job of its lane waits any more";

function release(allocation: Allocation, reason: string): Action {
  return { kind: "release", allocation: allocation.name, reason };
}

/** Of the started allocations that no job needs: those that wait for the next one, and those that are let go. */
function rest(
  survey: Survey,
  free: readonly Allocation[],
  able: ReadonlySet<Allocation>,
  spare: number,
): { readonly staying: readonly Allocation[]; readonly leaving: readonly Allocation[] } {
  const staying: Allocation[] = [];
  const leaving: Allocation[] = [];
  const all = new Set(free);
  for (const each of free) {
    // One that may not take what waits would only be paid for.
    const rests =
      able.has(each) &&
      (restsUntil(survey, each) > survey.now || hasWorkingCompany(survey, each, all));
    const stays = rests || staying.length < spare;
    (stays ? staying : leaving).push(each);
  }
  return { staying, leaving };
}

/** A first job is given to an allocation that has at least this left, or a quarter of a short walltime. */
const LEAST_WALLTIME_LEFT = 3 * MINUTE;

/** GitHub may have been slow for so long after a start. */
const FRESH = 15 * MINUTE;

/**
 * The job that an allocation was started for may have lost some of its walltime to a GitHub that was slow: better than
 * another wait in PBS. Any other is sure to have all that it asks for.
 */
function hasWalltimeLeft(allocation: Allocation, now: number): boolean {
  const { lane, beneficiary, sighting, announcedAt, turns } = allocation;
  const started = sighting?.job.startedAt ?? announcedAt;
  if (started === null) return true;
  const walltime = lane.request.walltimeSeconds * 1000;
  const left = lane.request.allocationSeconds * 1000 - (now - started);
  // Seats and warm ones were started for nobody in particular, and may get their first job hours later.
  const isForOne = lane.slots === 1 && beneficiary !== null;
  return turns.delivered === 0 && (isForOne || now - started <= FRESH)
    ? left > Math.min(LEAST_WALLTIME_LEFT, walltime / 4)
    : left >= walltime;
}

function planMints(
  survey: Survey,
  view: LaneView,
  taking: readonly Allocation[],
  uncovered: readonly WorkflowJob[],
): Action[] {
  const { scope } = view.lane.identity;
  if (leavesGitHubAlone(survey, scope)) return [];
  const minting = view.idleRunners.some((runner) => runner.state === "minting");
  // After a failure one attempt shows whether GitHub answers again.
  const most = gitHubHold(survey, scope) ? (minting ? 0 : 1) : taking.length;
  return taking.slice(0, most).flatMap((allocation, index) => {
    const job = uncovered[index];
    if (!job) return [];
    return [
      {
        kind: "mint-and-deliver" as const,
        runner: `${allocation.name}-${allocation.mints.times + 1}`,
        allocation: allocation.name,
        turn: allocation.turns.delivered + 1,
        jobId: job.id,
      },
    ];
  });
}

/**
 * Deletes what waits in PBS for nobody, the youngest first: the oldest is nearest to its start. A PBS job with several
 * seats goes when all of them are too many.
 */
function planSurplus(survey: Survey, view: LaneView, surplus: number): Action[] {
  if (surplus <= 0) return [];
  const pending = view.pending.filter(({ pbsJobId }) => pbsJobId !== null).toReversed();
  const names: string[] = [];
  for (const job of groupBy(pending, ({ pbsJobId }) => pbsJobId).values()) {
    const whole = job[0] ? companyOf(survey, job[0]).length === job.length : false;
    if (whole && names.length + job.length <= surplus) names.push(...job.map(({ name }) => name));
  }
  return names.length === 0
    ? []
    : [{ kind: "delete", allocations: names, force: false, reason: NOT_NEEDED }];
}

function planSurplusRunners(survey: Survey, view: LaneView): Action[] {
  const surplus = view.idleRunners.length - view.queued.length;
  if (surplus <= 0) return [];
  return view.idleRunners
    .filter(
      ({ deliveredAt, scope }) =>
        deliveredAt !== null &&
        survey.now - deliveredAt >= survey.world.patience.surplusRunner &&
        // Of a lost store's allocations nobody knows the lane: what holds is of the runner's own installation.
        !leavesGitHubAlone(survey, scope),
    )
    .slice(0, surplus)
    .flatMap((runner) => deregister(survey, runner, NOT_NEEDED) ?? []);
}
