import type { LabelSet } from "./labels.ts";
import type { Pool } from "./pool.ts";
import type { ResourceRequest } from "./resources/request.ts";
import type { RegistrationScope } from "./workflow-job.ts";
import { formatWalltime } from "./time.ts";

/** Under which PBS account and registration a job runs. The Unix user is the one running this program. */
export interface Identity {
  readonly scope: RegistrationScope;
  readonly runnerGroup: string;
  readonly account: string | null;
}

/** Jobs in one lane can take each other's place; no others can. */
export interface Lane {
  /** Equal keys are equal lanes; readable, and stable over restarts. */
  readonly key: string;
  readonly pool: string;
  readonly request: ResourceRequest;
  readonly labels: LabelSet;
  readonly identity: Identity;
  /** How many of its allocations are the seats of one PBS job. */
  readonly slots: number;
}

/** Of an allocation whose record was lost. No job is ever in it, so that nobody waits for the allocation. */
export const UNKNOWN_LANE: Lane = {
  key: "unknown",
  pool: "(unknown)",
  request: {
    queue: null,
    select: "",
    place: null,
    walltimeSeconds: 0,
    allocationSeconds: 0,
    priority: null,
    resources: [],
  },
  labels: [],
  identity: {
    scope: { installationId: 0, organization: "" },
    runnerGroup: "",
    account: null,
  },
  slots: 1,
};

/** The lane of jobs with these labels in a pool that answers to them with this request. */
export function laneOf(
  labels: LabelSet,
  scope: RegistrationScope,
  pool: Pool,
  request: ResourceRequest,
): Lane {
  const identity: Identity = { scope, runnerGroup: pool.runnerGroup, account: pool.account };
  const { queue, select, place, walltimeSeconds, allocationSeconds, priority, resources } = request;
  const key = JSON.stringify([
    pool.name,
    [
      queue,
      select,
      place,
      formatWalltime(walltimeSeconds),
      formatWalltime(allocationSeconds),
      priority,
      ...resources,
    ],
    labels,
    [scope.installationId, scope.organization, identity.runnerGroup, identity.account],
    ...(pool.slots === 1 ? [] : [pool.slots]),
  ]);
  return { key, pool: pool.name, request, labels, identity, slots: pool.slots };
}

/** Can an allocation of the lane take a job after its first? */
export function takesFurtherJobs({ request }: Lane, { reuse }: Pool): boolean {
  return reuse !== "never" && request.allocationSeconds > request.walltimeSeconds;
}
