import type { Action } from "../action.ts";
import type { Allocation } from "../allocation.ts";
import { allocationsSubject, installationSubject, poolSubject } from "../hold.ts";
import { MINUTE } from "../time.ts";
import type { WorkflowJob } from "../workflow-job.ts";
import type { LaneView, Survey } from "./survey.ts";

/** An allocation with less walltime left than this is given no runner: the job would hardly begin. */
const LEAST_WALLTIME_LEFT = 3 * MINUTE;

/** Brings each lane's supply to its demand: submit, mint and deliver, or let go. */
export function planSupply(survey: Survey): Action[] {
  const actions: Action[] = [];
  const wanting: { view: LaneView; count: number; since: number }[] = [];
  for (const view of survey.lanes.values()) {
    // Every idle runner takes one of the lane's queued jobs; which one is GitHub's choice.
    const uncovered = view.queued.slice(view.idleRunners.length);
    const usable = view.ready.filter((each) => hasWalltimeLeft(each, survey.now));
    const spent = view.ready.filter((each) => !usable.includes(each));
    actions.push(...spent.map((each) => release(each, "too little of its walltime is left")));
    actions.push(...planMints(survey, view, usable, uncovered));
    actions.push(...usable.slice(uncovered.length).map((each) => release(each, NOT_NEEDED)));
    const coming = usable.length + view.returning.length + view.pending.length;
    const missing = uncovered.slice(coming).filter((job) => isBelieved(survey, job));
    const [first] = missing;
    if (first) wanting.push({ view, count: missing.length, since: first.createdAt });
    actions.push(...planSurplus(view, coming - uncovered.length));
    actions.push(...planSurplusRunners(survey, view));
  }
  wanting.sort((a, b) => a.since - b.since);
  return [...actions, ...planSubmissions(survey, wanting)];
}

/** While we catch up with what we did not hear, a job of before may long be over. */
function isBelieved({ world }: Survey, job: WorkflowJob): boolean {
  return job.observedAt >= world.deafUntil;
}

const NOT_NEEDED = "no job of its lane waits any more";

function release(allocation: Allocation, reason: string): Action {
  return { kind: "release", allocation: allocation.name, reason };
}

function hasWalltimeLeft(allocation: Allocation, now: number): boolean {
  const started = allocation.sighting?.job.startedAt ?? allocation.announcedAt;
  if (started === null) return true;
  const walltime = allocation.lane.request.walltimeSeconds * 1000;
  const left = walltime - (now - started);
  // A first turn always has its whole walltime but for the start; a later one must be worth a job.
  return allocation.turns.delivered === 0
    ? left > Math.min(LEAST_WALLTIME_LEFT, walltime / 4)
    : left > Math.max(LEAST_WALLTIME_LEFT, walltime / 2);
}

function planMints(
  survey: Survey,
  view: LaneView,
  ready: readonly Allocation[],
  uncovered: LaneView["queued"],
): Action[] {
  const hold = survey.holds.get(installationSubject(view.lane.identity.scope.installationId));
  if (hold && hold.until > survey.now) return [];
  const minting = view.idleRunners.some((runner) => runner.state === "minting");
  // After a failure one attempt shows whether GitHub answers again.
  const most = hold ? (minting ? 0 : 1) : Infinity;
  return ready.slice(0, Math.min(uncovered.length, most)).flatMap((allocation, index) => {
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

/** Deletes what waits in PBS for nobody, the youngest first: the oldest is nearest to its start. */
function planSurplus(view: LaneView, surplus: number): Action[] {
  if (surplus <= 0) return [];
  const names = view.pending
    .filter(({ pbsJobId }) => pbsJobId !== null)
    .toReversed()
    .slice(0, surplus)
    .map((each) => each.name);
  return names.length === 0
    ? []
    : [{ kind: "delete", allocations: names, force: false, reason: NOT_NEEDED }];
}

function planSurplusRunners(survey: Survey, view: LaneView): Action[] {
  const surplus = view.idleRunners.length - view.queued.length;
  if (surplus <= 0) return [];
  return view.idleRunners
    .filter(
      ({ deliveredAt }) =>
        deliveredAt !== null && survey.now - deliveredAt >= survey.world.patience.surplusRunner,
    )
    .slice(0, surplus)
    .map((runner) => ({ kind: "deregister", runner: runner.name, reason: NOT_NEEDED }));
}

/** Submits for the longest-waiting jobs first, within every ceiling. */
function planSubmissions(
  survey: Survey,
  wanting: readonly { readonly view: LaneView; readonly count: number }[],
): Action[] {
  const { world } = survey;
  const actions: Action[] = [];
  let roomInAll = world.limits.maxAllocations - world.allocations.length;
  const active = countBy(world.allocations.map((each) => each.lane.pool));
  let serial = 0;
  for (const { view, count } of wanting) {
    const { lane } = view;
    const pool = world.pools.find((each) => each.name === lane.pool);
    if (!pool) continue;
    const inPool = active.get(pool.name) ?? 0;
    const most = mostByHolds(survey, view, inPool);
    const granted = Math.min(count, roomInAll, pool.maxAllocations - inPool, most);
    if (granted <= 0) continue;
    const names = Array.from({ length: granted }, () => allocationName(world.nonce, serial++));
    actions.push({ kind: "submit", lane, allocations: names });
    roomInAll -= granted;
    active.set(pool.name, inPool + granted);
  }
  return actions;
}

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

/** 15 characters, as older PBS allows: `ghr-`, the tick's 8 random ones, and a number within the tick. */
function allocationName(nonce: string, serial: number): string {
  return `ghr-${nonce}${serial.toString(36).padStart(3, "0")}`;
}

function countBy(keys: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1);
  return counts;
}
