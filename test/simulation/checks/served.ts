import type { Look } from "./check.ts";

/** 1: once faults have stopped, every queued job is served, or refused with a reason its author can read. */
export function served(): Look {
  return (sighting, { github, store }) => {
    if (sighting.kind !== "end" || store === null) return null;
    for (const job of github.jobs.values()) {
      const refusal = store.jobs.get(job.id)?.refusal ?? null;
      if (refusal === "") return `job ${job.id} is refused without a reason`;
      if (job.status !== "completed" && refusal === null) return `job ${job.id} is ${job.status}`;
    }
    return null;
  };
}

/** 5: whatever became of the events, what is believed at the end is what is. */
export function sameEnd(): Look {
  return (sighting, { github, store }) => {
    if (sighting.kind !== "end" || store === null) return null;
    for (const { id, status } of github.jobs.values()) {
      const believed = store.jobs.get(id);
      if (believed && believed.refusal === null && believed.status !== status) {
        return `job ${id} is ${status} and believed ${believed.status}`;
      }
    }
    return null;
  };
}
