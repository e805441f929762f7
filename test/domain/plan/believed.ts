import { intendAllocation, type Allocation } from "../../../src/domain/allocation.ts";
import type { Lane } from "../../../src/domain/lane.ts";
import { toLabelSet } from "../../../src/domain/labels.ts";
import { patienceFor } from "../../../src/domain/patience.ts";
import type { PbsState } from "../../../src/domain/pbs-job.ts";
import { intendRunner, type Runner } from "../../../src/domain/runner.ts";
import { MINUTE, SECOND } from "../../../src/domain/time.ts";
import type { WorkflowJob } from "../../../src/domain/workflow-job.ts";
import type { World } from "../../../src/domain/world.ts";
import { limitsWith, SCOPE } from "../../helpers/pool.ts";

export const NOW = Date.parse("2026-11-24T12:00:00Z");

/** A world in which nothing goes on, with what a test wants to be different. */
export function worldWith(different: Partial<World>): World {
  return {
    pools: [],
    limits: limitsWith(),
    patience: patienceFor(15 * SECOND, 0),
    mostInArray: 1_000,
    arrayLimits: new Map(),
    jobs: [],
    allocations: [],
    runners: [],
    holds: [],
    scopes: [SCOPE],
    inFlight: new Set(),
    deafUntil: 0,
    nonce: "nonce000",
    ...different,
  };
}

let serial = 0;

export function queuedJob(
  different: Partial<WorkflowJob> & { readonly runsOn: readonly string[] },
): WorkflowJob {
  const { runsOn, ...rest } = different;
  serial += 1;
  return {
    id: serial,
    runId: 1,
    runAttempt: 1,
    scope: SCOPE,
    repository: "model",
    workflowName: null,
    name: `job-${serial}`,
    headBranch: null,
    actor: "ada",
    labels: toLabelSet(runsOn),
    status: "queued",
    conclusion: null,
    runnerName: null,
    createdAt: NOW - MINUTE + serial,
    startedAt: null,
    completedAt: null,
    refusal: null,
    observedAt: NOW - SECOND,
    ...rest,
  };
}

/** One that PBS has, in a state; started a minute ago if it runs. */
export function allocationIn(
  lane: Lane,
  state: PbsState,
  different: Partial<Allocation> = {},
): Allocation {
  serial += 1;
  const name = `ghr-${String(serial).padStart(11, "0")}`;
  const beneficiary = { repository: "model", actor: "ada" };
  return {
    ...intendAllocation({ name, beneficiary }, lane, NOW - 5 * MINUTE + serial),
    submission: "accepted",
    pbsJobId: `${serial}.vm`,
    sighting: {
      at: NOW - SECOND,
      job: {
        id: `${serial}.vm`,
        name,
        state,
        substate: null,
        comment: null,
        execHost: null,
        exitStatus: null,
        startedAt: state === "R" ? NOW - MINUTE : null,
        runs: state === "R" ? 1 : null,
      },
    },
    ...different,
  };
}

/** One that was delivered two minutes ago, and took no job yet. */
export function idleRunner(
  { name }: Pick<Allocation, "name">,
  different: Partial<Runner> = {},
): Runner {
  const about = { name: `${name}-1`, scope: SCOPE, allocation: name, turn: 1, intendedJobId: 1 };
  return {
    ...intendRunner(about, NOW - 2 * MINUTE),
    id: 5,
    state: "delivered",
    deliveredAt: NOW - 2 * MINUTE,
    ...different,
  };
}

/** An allocation that has served one job, with the runner that did, and asks for the next. */
export function usedAllocation(
  lane: Lane,
  { endedAgo, ...different }: Partial<Allocation> & { readonly endedAgo: number },
): { readonly allocation: Allocation; readonly runner: Runner } {
  const allocation = allocationIn(lane, "R", {
    turns: { asked: 2, delivered: 1, reported: 1 },
    ...different,
  });
  const runner = idleRunner(allocation, {
    state: "gone",
    servedJobId: 1,
    exit: {
      code: 0,
      cause: "exited",
      reason: "exited",
      at: NOW - endedAgo,
      root: null,
      startMilliseconds: null,
    },
  });
  return { allocation, runner };
}
