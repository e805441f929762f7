import { HOUR } from "../../../src/domain/time.ts";
import type { Look } from "./check.ts";

/** 6: no name is submitted or minted twice, and what was accepted is there after the next start. */
export function crashes(): Look {
  const done = new Set<string>();
  return (sighting, system) => {
    if (sighting.kind === "start") return lost(system);
    const effect =
      sighting.kind === "submission"
        ? `qsub -N ${sighting.submission.name}`
        : sighting.kind === "call" && sighting.mint
          ? `mint ${sighting.mint.name}`
          : null;
    if (effect === null) return null;
    if (done.has(effect)) return `${effect}, a second time`;
    done.add(effect);
    return null;
  };
}

function lost({ github, store, storeLostAt, clock }: Parameters<Look>[1]): string | null {
  if (store === null || (storeLostAt !== null && clock.now() - storeLostAt < 24 * HOUR))
    return null;
  for (const { id, heard } of github.jobs.values()) {
    if (heard && store.jobs.get(id) === null) return `job ${id}, of which an event was accepted`;
  }
  return null;
}
