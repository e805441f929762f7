import { JIT } from "../models/github.ts";
import type { Look } from "./check.ts";

/** 4: a runner is only delivered to an allocation of the lane it was minted for. */
export function lanes(): Look {
  return (sighting, { pbs, github }) => {
    if (sighting.kind !== "delivery") return null;
    const { allocation, jitConfig } = sighting;
    const submitted = [...pbs.allocations.values()].find(({ seats }) => seats.includes(allocation));
    const runner = github.runners.get(jitConfig.slice(JIT.length));
    // Removed by GitHub in the meantime: then it is of no lane any more.
    if (!submitted || !runner) return null;
    const [queue = ""] = (submitted.submission.queue ?? "").split("@");
    return runner.labels.includes(queue)
      ? null
      : `${runner.name}, which offers ${runner.labels.join()}, to an allocation of ${queue}`;
  };
}
