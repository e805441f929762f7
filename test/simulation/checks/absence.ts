import type { Look } from "./check.ts";

/** 8: no allocation that PBS has is taken for gone. */
export function absence(): Look {
  return (sighting, { pbs }) => {
    if (sighting.kind !== "closing") return null;
    const alive = pbs.live().find(({ name }) => name === sighting.allocation);
    return alive ? `${alive.id} lives and was declared dead` : null;
  };
}
