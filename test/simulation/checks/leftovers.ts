import type { Look, System } from "./check.ts";

/** 3: no registration, no allocation, no directory is left when demand is gone. */
export function leftovers(): Look {
  return (sighting, { github, pbs, handoff }) => {
    if (sighting.kind !== "end") return null;
    const left = {
      runners: [...github.runners.keys()],
      "PBS jobs": pbs.live().map(({ id }) => id),
      handoffs: [...handoff.directories.keys()],
    };
    const found = Object.entries(left).flatMap(([what, names]) =>
      names.length === 0 ? [] : [`${what} ${names.join(", ")}`],
    );
    return found.length === 0 ? null : found.join("; ");
  };
}

/** Nor is it removed while it works: the allocation of a runner that runs a job is neither deleted nor told to end. */
export function neverBusy(): Look {
  return (sighting, system) => {
    if (sighting.kind === "deletion") {
      const allocation = system.pbs.allocations.get(sighting.pbsJobId);
      const busy = allocation?.seats.map((each) => atWork(each, system)) ?? [];
      return busy.find((each) => each !== null) ?? null;
    }
    return sighting.kind === "release" ? atWork(sighting.allocation, system) : null;
  };
}

function atWork(allocation: string, { github, pbs }: System): string | null {
  const runs = pbs.live().some(({ seats, state }) => seats.includes(allocation) && state === "R");
  if (!runs) return null;
  for (const { name, online, job } of github.runners.values()) {
    const theirs = name.startsWith(`${allocation}-`);
    if (theirs && online && job !== null && !github.isCancelled(job)) {
      return `${allocation} was to end while ${name} runs job ${job.id}`;
    }
  }
  return null;
}
