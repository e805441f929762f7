import { toLabelSet } from "../../src/domain/labels.ts";
import type { Lane } from "../../src/domain/lane.ts";
import type { Ceiling, Limits, Pool } from "../../src/domain/pool.ts";
import { DEFAULT_NODE_SETTINGS } from "../../src/domain/node-settings.ts";
import { routeJob } from "../../src/domain/routing.ts";
import type { RegistrationScope } from "../../src/domain/workflow-job.ts";

/** A plain pool, with what a test wants to be different. */
export function poolWith(different: Partial<Pool> & Pick<Pool, "name">): Pool {
  return {
    labels: toLabelSet(["self-hosted", different.name]),
    priority: 0,
    queue: null,
    account: null,
    select: "1:ncpus=1",
    place: null,
    jobResources: [],
    walltimeSeconds: 600,
    allocationSeconds: null,
    resources: {},
    environment: [],
    runnerGroup: "Default",
    maxAllocations: 10,
    maxWaiting: 10,
    reuse: "never",
    slots: 1,
    idleSeconds: 60,
    warm: [],
    node: DEFAULT_NODE_SETTINGS,
    ...different,
  };
}

const NO_CEILING: Ceiling = { maxAllocations: Infinity, maxWaiting: Infinity };

export function limitsWith(different: Partial<Ceiling> & Partial<Limits["each"]> = {}): Limits {
  const { maxAllocations = Infinity, maxWaiting = Infinity, ...each } = different;
  return {
    maxAllocations,
    maxWaiting,
    each: {
      repository: NO_CEILING,
      user: NO_CEILING,
      account: NO_CEILING,
      organization: NO_CEILING,
      ...each,
    },
  };
}

export const SCOPE: RegistrationScope = { installationId: 7, organization: "hpc-sandbox" };

/** The lane of jobs with these labels, which are the pool's own unless given. */
export function laneIn(
  pool: Pool,
  labels: readonly string[] = pool.labels,
  scope: RegistrationScope = SCOPE,
): Lane {
  const route = routeJob({ labels: toLabelSet(labels), scope }, [pool]);
  if (route.kind === "refused") throw new Error(route.reason);
  return route.lane;
}
