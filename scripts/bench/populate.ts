import { hasHad, intendAllocation, type Allocation } from "../../src/domain/allocation.ts";
import type { PbsJob } from "../../src/domain/pbs-job.ts";
import type { Pool } from "../../src/domain/pool.ts";
import { routeJob } from "../../src/domain/routing.ts";
import { intendRunner, type Runner } from "../../src/domain/runner.ts";
import { MINUTE, type EpochMs } from "../../src/domain/time.ts";
import type { WorkflowJob } from "../../src/domain/workflow-job.ts";
import type { Store } from "../../src/store/store.ts";

const SCOPE = { installationId: 77, organization: "hpc-research" };
const REPOSITORIES = ["climate-model", "ci-scale-tests", "analysis-tools"];

/** A job with all that served it, as the store has them. */
interface Served {
  readonly job: WorkflowJob;
  readonly allocation: Allocation;
  readonly runner: Runner | null;
}

/** Jobs that ended in the last days, one after another, each with its allocation and its runner. */
export function addEnded(store: Store, pools: readonly Pool[], count: number, now: EpochMs): void {
  store.transaction(() => {
    for (let index = 0; index < count; index++) {
      const at = now - (count - index) * MINUTE;
      const { job, allocation, runner } = serve(pools, index, at);
      store.recordDelivery(`guid-${index}`, at);
      store.saveJob({ ...job, status: "completed", conclusion: "success", completedAt: at });
      store.saveAllocation(allocation);
      if (runner) store.saveRunner({ ...runner, state: "gone", goneAt: at });
      store.saveAllocation({ ...allocation, endedAt: at, end: "it ended" });
    }
  });
}

/**
 * As many jobs with as many allocations: of ten, six run, three wait in PBS, and one waits without an allocation.
 *
 * @returns what PBS says of the allocations, by its ids.
 */
export function addLive(
  store: Store,
  pools: readonly Pool[],
  count: number,
  now: EpochMs,
): ReadonlyMap<string, PbsJob> {
  const listed = new Map<string, PbsJob>();
  store.transaction(() => {
    for (let index = 0; index < count; index++) {
      const { job, allocation, runner } = serve(pools, index, now - 10 * MINUTE);
      const waits = index % 10 >= 6;
      const { sighting } = allocation;
      const seen = sighting?.job;
      if (!seen) continue;
      const pbsJob: PbsJob = waits
        ? { ...seen, state: "Q", execHost: null, startedAt: null }
        : seen;
      listed.set(pbsJob.id, pbsJob);
      const turns = { asked: 0, delivered: 0, reported: 0 };
      store.saveJob(waits ? { ...job, status: "queued", runnerName: null, startedAt: null } : job);
      store.saveAllocation(
        waits ? { ...allocation, turns, sighting: { job: pbsJob, at: now } } : allocation,
      );
      if (runner && !waits) store.saveRunner(runner);
    }
  });
  return listed;
}

function serve(pools: readonly Pool[], index: number, at: EpochMs): Served {
  const pool = pools[index % pools.length];
  if (!pool) throw new Error("no pool");
  const repository = REPOSITORIES[index % REPOSITORIES.length] ?? "climate-model";
  const route = routeJob({ labels: pool.labels, scope: SCOPE }, pools);
  if (route.kind === "refused") throw new Error(route.reason);
  const name = `ghr-${String(index).padStart(11, "0")}`;
  const beneficiary = { repository, actor: "somebody" };
  const pbsJobId = `${1_000 + index}.vm`;
  const allocation = hasHad(intendAllocation({ name, beneficiary }, route.lane, at), 1);
  const runner = intendRunner(
    { name: `${name}-1`, scope: SCOPE, allocation: name, turn: 1, intendedJobId: 50_000 + index },
    at,
  );
  return {
    job: {
      id: 50_000 + index,
      runId: index,
      runAttempt: 1,
      scope: SCOPE,
      repository,
      workflowName: "ci",
      name: `build (${index})`,
      headBranch: "main",
      actor: "somebody",
      labels: pool.labels,
      status: "in_progress",
      conclusion: null,
      runnerName: runner.name,
      createdAt: at,
      startedAt: at,
      completedAt: null,
      refusal: null,
      observedAt: at,
    },
    allocation: {
      ...allocation,
      submission: "accepted",
      pbsJobId,
      announcedAt: at,
      mints: { times: 1, last: at },
      sighting: { job: runningJob(pbsJobId, name, at), at },
    },
    runner: {
      ...runner,
      id: index + 1,
      state: "delivered",
      deliveredAt: at,
      busyAt: at,
      servedJobId: 50_000 + index,
    },
  };
}

function runningJob(id: string, name: string, startedAt: EpochMs): PbsJob {
  const started = "Job run at Tue Nov 24 at 12:00 on (vm:ncpus=1)";
  return {
    id,
    name,
    state: "R",
    substate: 42,
    comment: started,
    execHost: "vm/0",
    exitStatus: null,
    startedAt,
    runs: 1,
  };
}
