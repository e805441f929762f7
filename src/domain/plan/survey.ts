import { phaseOf, type Allocation, type Phase } from "../allocation.ts";
import type { Hold } from "../hold.ts";
import type { Lane } from "../lane.ts";
import { routeJob } from "../routing.ts";
import { isIdle, type Runner } from "../runner.ts";
import type { EpochMs } from "../time.ts";
import type { WorkflowJob } from "../workflow-job.ts";
import type { World } from "../world.ts";

/** Demand and supply of one lane. */
export interface LaneView {
  readonly lane: Lane;
  /** Oldest first. */
  readonly queued: WorkflowJob[];
  readonly pending: Allocation[];
  /** Waiting for a runner, none being minted for them. Oldest first. */
  readonly ready: Allocation[];
  /** Ended one runner and expected to ask for the next in a moment. */
  readonly returning: Allocation[];
  /** Being minted, or delivered and not known to have taken a job: each will take one. */
  readonly idleRunners: Runner[];
}

/** The world, sorted once for all parts of the plan. */
export interface Survey {
  readonly world: World;
  readonly now: EpochMs;
  readonly lanes: ReadonlyMap<string, LaneView>;
  readonly phases: ReadonlyMap<string, Phase>;
  readonly allocations: ReadonlyMap<string, Allocation>;
  readonly jobs: ReadonlyMap<number, WorkflowJob>;
  readonly holds: ReadonlyMap<string, Hold>;
  /** Queued jobs that no pool answers to. */
  readonly unroutable: readonly { readonly job: WorkflowJob; readonly reason: string }[];
}

export function survey(world: World, now: EpochMs): Survey {
  const lanes = new Map<string, LaneView>();
  const phases = new Map(world.allocations.map((each) => [each.name, phaseIn(world, each)]));
  const allocations = new Map(world.allocations.map((each) => [each.name, each]));
  const unroutable: { job: WorkflowJob; reason: string }[] = [];

  const queued = world.jobs.filter((job) => job.status === "queued").toSorted(byAge);
  for (const job of queued) {
    const route = routeJob(job, world.pools);
    if (route.kind === "refused") unroutable.push({ job, reason: route.reason });
    else viewOf(lanes, route.lane).queued.push(job);
  }

  const minting = new Set<string>();
  for (const runner of world.runners) {
    const allocation = allocations.get(runner.allocation);
    const phase = phases.get(runner.allocation);
    if (!allocation || phase === undefined) continue;
    const inFlight = world.inFlight.has(`mint-and-deliver:${runner.name}`);
    if (inFlight) minting.add(allocation.name);
    const supplies =
      phase === "ready"
        ? inFlight
        : phase === "serving" && isIdle(runner) && isCurrent(runner, allocation);
    if (supplies) viewOf(lanes, allocation.lane).idleRunners.push(runner);
  }

  const oldestFirst = world.allocations.toSorted((a, b) => a.intendedAt - b.intendedAt);
  for (const allocation of oldestFirst) {
    const view = viewOf(lanes, allocation.lane);
    const phase = phases.get(allocation.name);
    if (phase === "pending") view.pending.push(allocation);
    else if (phase === "between" && reuses(world, allocation)) view.returning.push(allocation);
    else if (phase === "ready" && !minting.has(allocation.name)) view.ready.push(allocation);
  }

  const jobs = new Map(world.jobs.map((job) => [job.id, job]));
  const holds = new Map(world.holds.map((hold) => [hold.subject, hold]));
  return { world, now, lanes, phases, allocations, jobs, holds, unroutable };
}

/** What PBS is being asked to delete is given no runner, though it may have started in the meantime. */
function phaseIn(world: World, allocation: Allocation): Phase {
  return world.inFlight.has(`delete:${allocation.name}`) ? "leaving" : phaseOf(allocation);
}

/** Of the turn the allocation is in: a runner of an earlier turn says nothing about this one. */
export function isCurrent(runner: Runner, allocation: Allocation): boolean {
  return runner.turn === allocation.turns.delivered;
}

function reuses(world: World, allocation: Allocation): boolean {
  return world.pools.some((pool) => pool.name === allocation.lane.pool && pool.reuse === "lane");
}

function viewOf(lanes: Map<string, LaneView>, lane: Lane): LaneView {
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
