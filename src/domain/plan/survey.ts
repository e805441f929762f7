import { phaseOf, type Allocation, type Phase } from "../allocation.ts";
import type { Hold } from "../hold.ts";
import { takesFurtherJobs, type Lane } from "../lane.ts";
import type { Pool } from "../pool.ts";
import { routeJob, type Route } from "../routing.ts";
import { isIdle, type Runner } from "../runner.ts";
import type { EpochMs } from "../time.ts";
import type { RegistrationScope, WorkflowJob } from "../workflow-job.ts";
import type { LabelSet } from "../labels.ts";
import type { World } from "../world.ts";
import { seatsIn, type Seats } from "./seats.ts";

/** Demand and supply of one lane. */
export interface LaneView {
  readonly lane: Lane;
  /** Oldest first. */
  readonly queued: WorkflowJob[];
  readonly pending: Allocation[];
  /** Waiting for a runner, none being minted for or delivered to them. Oldest first. */
  readonly ready: Allocation[];
  /** Its job is over, and it is expected to ask for the next in a moment. */
  readonly returning: Allocation[];
  /** Being minted, or delivered and not known to have taken a job: each will take one. One of an allocation at most. */
  readonly idleRunners: Runner[];
}

/** The world, sorted once for all parts of the plan. */
export interface Survey {
  readonly world: World;
  readonly now: EpochMs;
  readonly lanes: Map<string, LaneView>;
  readonly pools: ReadonlyMap<string, Pool>;
  readonly phases: ReadonlyMap<string, Phase>;
  readonly seats: Seats;
  readonly allocations: ReadonlyMap<string, Allocation>;
  /** By allocation: the runner of the turn it is in. */
  readonly currentRunners: ReadonlyMap<string, Runner>;
  readonly jobs: ReadonlyMap<number, WorkflowJob>;
  readonly holds: ReadonlyMap<string, Hold>;
  /** Queued jobs that no pool answers to. */
  readonly unroutable: readonly { readonly job: WorkflowJob; readonly reason: string }[];
}

export function survey(world: World, now: EpochMs): Survey {
  const lanes = new Map<string, LaneView>();
  const phases = new Map(world.allocations.map((each) => [each.name, phaseIn(world, each)]));
  const allocations = new Map(world.allocations.map((each) => [each.name, each]));
  const pools = new Map(world.pools.map((pool) => [pool.name, pool]));
  const unroutable: { job: WorkflowJob; reason: string }[] = [];
  const jobs = new Map(world.jobs.map((job) => [job.id, job]));
  const route = memoizedRoute(world.pools);

  const queued = world.jobs.filter((job) => job.status === "queued").toSorted(byAge);
  for (const job of queued) {
    const routed = route(job.labels, job.scope);
    if (routed.kind === "refused") unroutable.push({ job, reason: routed.reason });
    else viewOf(lanes, routed.lane).queued.push(job);
  }

  const minting = new Set<string>();
  /** By allocation: after a name that was taken it may have two for a while, and can still take only one job. */
  const idle = new Map<string, Runner>();
  const currentRunners = new Map<string, Runner>();
  for (const runner of world.runners) {
    const allocation = allocations.get(runner.allocation);
    const phase = phases.get(runner.allocation);
    if (!allocation || phase === undefined) continue;
    if (isCurrent(runner, allocation)) currentRunners.set(allocation.name, runner);
    const inFlight =
      world.inFlight.has(`mint-and-deliver:${runner.name}`) || mayBeDelivered(runner, allocation);
    if (inFlight) minting.add(allocation.name);
    const supplies =
      phase === "ready"
        ? inFlight
        : phase === "serving" && isIdle(runner) && isCurrent(runner, allocation);
    if (supplies && (runner.state === "minting" || !idle.has(allocation.name)))
      idle.set(allocation.name, runner);
  }
  for (const runner of idle.values()) {
    const allocation = allocations.get(runner.allocation);
    if (allocation) viewOf(lanes, allocation.lane).idleRunners.push(runner);
  }

  /** Its job is over: the node will say so in a moment, and ask for the next. */
  function isReturning(phase: Phase | undefined, runner: Runner | undefined): boolean {
    if (phase === "between") return true;
    if (phase !== "serving" || !runner || runner.servedJobId === null) return false;
    const since = runner.goneAt ?? now;
    return !jobs.has(runner.servedJobId) && now - since < world.patience.lateEvent;
  }

  const oldestFirst = world.allocations.toSorted((a, b) => a.intendedAt - b.intendedAt);
  for (const allocation of oldestFirst) {
    const view = viewOf(lanes, allocation.lane);
    const phase = phases.get(allocation.name);
    if (phase === "pending") view.pending.push(allocation);
    else if (reuses(pools, allocation) && isReturning(phase, currentRunners.get(allocation.name)))
      view.returning.push(allocation);
    else if (phase === "ready" && !minting.has(allocation.name)) view.ready.push(allocation);
  }

  const holds = new Map(world.holds.map((hold) => [hold.subject, hold]));
  return {
    seats: seatsIn(world.allocations),
    world,
    now,
    lanes,
    pools,
    phases,
    allocations,
    currentRunners,
    jobs,
    holds,
    unroutable,
  };
}

/**
 * We ended between its delivery and the note of it, or before both. Until GitHub has deleted it, or said that it works,
 * the allocation is neither given another nor let go.
 */
function mayBeDelivered({ state, turn }: Runner, { turns }: Allocation): boolean {
  return state === "minted" && turn > turns.delivered;
}

/** Routes that are remembered: labels are outsiders' text, and may be new each time. */
const MOST_ROUTES = 1_000;
const routes = new WeakMap<readonly Pool[], Map<string, Route>>();

/** A thousand jobs of one matrix have one route, in every plan with the same pools. */
function memoizedRoute(
  pools: readonly Pool[],
): (labels: LabelSet, scope: RegistrationScope) => Route {
  const known = routes.get(pools) ?? new Map<string, Route>();
  routes.set(pools, known);
  if (known.size > MOST_ROUTES) known.clear();
  return (labels, scope) => {
    const key = `${scope.installationId}\n${scope.organization}\n${labels.join("\n")}`;
    const found = known.get(key) ?? routeJob({ labels, scope }, pools);
    known.set(key, found);
    return found;
  };
}

/** What PBS is being asked to delete is given no runner, though it may have started in the meantime. */
function phaseIn(world: World, allocation: Allocation): Phase {
  return world.inFlight.has(`delete:${allocation.name}`) ? "leaving" : phaseOf(allocation);
}

/**
 * The one that the allocation was given in its turn: a runner of an earlier turn says nothing about this one, nor does one
 * that was made for it and never delivered.
 */
export function isCurrent(runner: Runner, allocation: Allocation): boolean {
  return runner.turn === allocation.turns.delivered && runner.deliveredAt !== null;
}

function reuses(pools: ReadonlyMap<string, Pool>, allocation: Allocation): boolean {
  const pool = pools.get(allocation.lane.pool);
  return pool !== undefined && takesFurtherJobs(allocation.lane, pool);
}

/** The lane's view, empty where nothing is known of it yet. */
export function viewOf(lanes: Map<string, LaneView>, lane: Lane): LaneView {
  const known = lanes.get(lane.key);
  if (known) return known;
  const view: LaneView = {
    lane,
    queued: [],
    pending: [],
    ready: [],
    returning: [],
    idleRunners: [],
  };
  lanes.set(lane.key, view);
  return view;
}

function byAge(a: WorkflowJob, b: WorkflowJob): number {
  return a.createdAt - b.createdAt || a.id - b.id;
}
