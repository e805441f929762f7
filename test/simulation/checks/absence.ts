import type { Look } from "./check.ts";

/** 8: no allocation that PBS has is taken for gone. */
export function absence(): Look {
  return (sighting, { pbs }) => {
    if (sighting.kind !== "closing") return null;
    const { allocation } = sighting;
    // Of a seat its own last word is its end, while the others of its PBS job go on.
    const alive = pbs
      .live()
      .find(
        ({ seats, ended }) =>
          seats.includes(allocation) && (seats.length === 1 || !ended.has(allocation)),
      );
    return alive ? `${alive.id} lives and was declared dead` : null;
  };
}
