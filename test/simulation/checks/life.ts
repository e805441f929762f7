import type { Look } from "./check.ts";

/** The program does not end by itself, and there is one of it. */
export function life(): Look {
  return (sighting, system) => {
    if (sighting.kind === "second store") return "a second instance could open the store";
    if (sighting.kind === "collapse") return `the loop ended: ${String(sighting.error)}`;
    if (sighting.kind === "end" && system.store === null) return "it does not run at the end";
    return null;
  };
}
