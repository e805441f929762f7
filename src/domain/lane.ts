import type { LabelSet } from "./labels.ts";
import type { Pool } from "./pool.ts";
import type { RegistrationScope, WorkflowJob } from "./workflow-job.ts";
import { formatWalltime } from "./time.ts";

/** What one workflow job asks PBS for, after its labels and its pool's defaults are resolved. */
export interface ResourceRequest {
  readonly queue: string | null;
  readonly select: string;
  readonly place: string | null;
  readonly walltimeSeconds: number;
}

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
}

/** The lane of a job in a pool that answers to its labels. */
export function laneOf(job: Pick<WorkflowJob, "labels" | "scope">, pool: Pool): Lane {
  const request: ResourceRequest = {
    queue: pool.queue,
    select: pool.select,
    place: pool.place,
    walltimeSeconds: pool.walltimeSeconds,
  };
  const identity: Identity = {
    scope: job.scope,
    runnerGroup: pool.runnerGroup,
    account: pool.account,
  };
  const key = JSON.stringify([
    pool.name,
    [request.queue, request.select, request.place, formatWalltime(request.walltimeSeconds)],
    job.labels,
    [job.scope.installationId, job.scope.organization, identity.runnerGroup, identity.account],
  ]);
  return { key, pool: pool.name, request, labels: job.labels, identity };
}
