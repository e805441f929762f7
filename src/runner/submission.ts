import type { Configuration } from "../config/configuration.ts";
import { DEFAULT_NODE_SETTINGS } from "../domain/node-settings.ts";
import type { Submission } from "../pbs/pbs.ts";
import type { NewPbsJob } from "../reconciler/ports.ts";
import { takesFurtherJobs } from "../domain/lane.ts";
import { composeAllocationScript } from "./allocation-script.ts";

/** What is submitted for allocations of a lane: its request, and the script that asks for a runner. */
export function createDescribe(
  { pools, directories }: Configuration,
  places: { readonly logs: string; readonly diagnostics: string },
): (job: NewPbsJob) => Submission {
  return function describe({ name, lane, handoffs }) {
    const pool = pools.find((each) => each.name === lane.pool);
    const { request } = lane;
    const seats = lane.slots > 1;
    const walltimeSeconds = request.allocationSeconds;
    return {
      name,
      members: seats ? 1 : handoffs.length,
      queue: request.queue,
      account: lane.identity.account,
      select: request.select,
      place: request.place,
      walltimeSeconds,
      priority: request.priority,
      resources: request.resources,
      logDirectory: places.logs,
      script: composeAllocationScript({
        handoffs,
        seats,
        diagnostics: places.diagnostics,
        runner: directories.runner,
        scratch: directories.scratch,
        walltimeSeconds,
        environment: pool?.environment ?? [],
        reuse: pool !== undefined && takesFurtherJobs(lane, pool),
        // A seat may wait as long as another is at work.
        waitSeconds: seats || (pool && pool.warm.length > 0) ? walltimeSeconds : null,
        node: pool?.node ?? DEFAULT_NODE_SETTINGS,
      }),
    };
  };
}
