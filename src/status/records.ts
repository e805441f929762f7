import { existsSync } from "node:fs";
import type { Configuration } from "../config/configuration.ts";
import { phaseOf, type Allocation, type Phase } from "../domain/allocation.ts";
import { pauseViews, type PauseView } from "./pause-view.ts";
import type { LabelSet } from "../domain/labels.ts";
import { routeJob } from "../domain/routing.ts";
import type { Runner } from "../domain/runner.ts";
import type { EpochMs } from "../domain/time.ts";
import { diagnosticsOf, logFileOf, placesOf } from "../runner/places.ts";
import type { Store } from "../store/store.ts";
import { viewAllocation, type AllocationView } from "./allocation-view.ts";
import { jobViewer, type JobView } from "./job-view.ts";

/** What of a list is wanted. */
export interface Which {
  /** Also what has ended: the newest, at most `limit`. Otherwise all that is active, whatever their number. */
  readonly all: boolean;
  readonly limit: number;
}

/** Oldest first. */
export interface JobList {
  readonly at: EpochMs;
  /** Of how many these are the newest. */
  readonly total: number;
  readonly jobs: readonly JobView[];
}

/** Oldest first. */
export interface AllocationList {
  readonly at: EpochMs;
  readonly total: number;
  readonly allocations: readonly AllocationView[];
}

/** Everything that is known of one allocation. */
export interface AllocationRecord {
  readonly at: EpochMs;
  readonly allocation: Allocation;
  readonly phase: Phase | "ended";
  /** Where its output is, once PBS has started it. */
  readonly logFile: string | null;
  readonly runners: readonly {
    readonly runner: Runner;
    /** The one it took; `null` for none, or one that is forgotten. */
    readonly job: JobView | null;
    /** The directory of what was kept of it, if it failed. */
    readonly diagnostics: string | null;
  }[];
}

export interface PoolView {
  readonly name: string;
  /** `null`, as `most`, of a pool that is no longer in the configuration. */
  readonly labels: LabelSet | null;
  readonly most: number | null;
  readonly jobs: { readonly queued: number; readonly running: number };
  readonly allocations: Readonly<Record<Phase, number>>;
}

export interface StatusView {
  readonly at: EpochMs;
  readonly pools: readonly PoolView[];
  /** Jobs that no pool serves, and that GitHub has not given up yet. */
  readonly refused: number;
  /** What is paused after failures, why, and until when. */
  readonly holds: readonly PauseView[];
}

/** What can be asked of what an instance knows, whether it runs or not. */
export interface Records {
  status(): Promise<StatusView>;
  jobs(which: Which): Promise<JobList>;
  allocations(which: Which): Promise<AllocationList>;
  /** By name or by PBS job id; several where PBS servers have given the same number. */
  allocation(key: string): Promise<readonly AllocationRecord[]>;
}

export interface RecordsOptions {
  readonly store: Store;
  readonly configuration: Pick<Configuration, "pools" | "directories">;
  readonly now: () => EpochMs;
}

/** Records from a store, read without changing it. Only what is kept beside it is looked for on the shared filesystem. */
export function createRecords(options: RecordsOptions): Records {
  const { store, now } = options;
  const { pools } = options.configuration;
  return {
    async status() {
      const at = now();
      return {
        at,
        pools: poolViews(options),
        refused: refusedIn(store, at),
        holds: pauseViews(store),
      };
    },
    async jobs({ all, limit }) {
      const at = now();
      const found = all
        ? store.jobs.newest("created_at", limit).toReversed()
        : store.unfinishedJobs(at);
      const total = all ? store.jobs.count() : found.length;
      return { at, total, jobs: found.map(jobViewer(store, pools, at)) };
    },
    async allocations({ all, limit }) {
      const found = all
        ? store.allocations.newest("intended_at", limit).toReversed()
        : store.allocations.live().toSorted((a, b) => a.intendedAt - b.intendedAt);
      const total = all ? store.allocations.count() : found.length;
      return { at: now(), total, allocations: found.map((each) => viewAllocation(store, each)) };
    },
    async allocation(key) {
      const named = store.allocations.get(key);
      const found = named === null ? store.allocationsOfPbsJob(key) : [named];
      return found.map((each) => recordOf(options, each));
    },
  };
}

function recordOf(
  { store, configuration, now }: RecordsOptions,
  allocation: Allocation,
): AllocationRecord {
  const at = now();
  const places = placesOf(configuration);
  const { name, pbsJobId } = allocation;
  const viewJob = jobViewer(store, configuration.pools, at);
  return {
    at,
    allocation,
    phase: allocation.endedAt === null ? phaseOf(allocation) : "ended",
    logFile: pbsJobId === null ? null : logFileOf(places, pbsJobId),
    runners: store.runnersOf(name).map((runner) => {
      const job = runner.servedJobId === null ? null : store.jobs.get(runner.servedJobId);
      const kept = diagnosticsOf(places, name, runner.turn);
      return {
        runner,
        job: job === null ? null : viewJob(job),
        diagnostics: existsSync(kept) ? kept : null,
      };
    }),
  };
}

function refusedIn(store: Store, now: EpochMs): number {
  return store.unfinishedJobs(now).filter(({ refusal }) => refusal !== null).length;
}

/** The configuration's, in its order, then those that only allocations still know. */
function poolViews({ store, configuration: { pools } }: RecordsOptions): PoolView[] {
  const live = store.allocations.live();
  const names = new Set([...pools.map(({ name }) => name), ...live.map(({ lane }) => lane.pool)]);
  const jobs = store.jobs.live().map((job) => {
    const runner = job.runnerName === null ? null : store.runners.get(job.runnerName);
    const allocation = runner ? store.allocations.get(runner.allocation) : null;
    const route = routeJob(job, pools);
    const routed = route.kind === "lane" ? route.lane.pool : null;
    return { status: job.status, pool: allocation?.lane.pool ?? routed };
  });
  return [...names].map((name) => {
    const pool = pools.find((each) => each.name === name);
    const allocations = { pending: 0, ready: 0, serving: 0, between: 0, leaving: 0 };
    for (const each of live) if (each.lane.pool === name) allocations[phaseOf(each)] += 1;
    const count = (status: string): number =>
      jobs.filter((each) => each.pool === name && each.status === status).length;
    return {
      name,
      labels: pool?.labels ?? null,
      most: pool?.maxAllocations ?? null,
      jobs: { queued: count("queued"), running: count("in_progress") },
      allocations,
    };
  });
}
