import type { Look } from "./check.ts";

/** What the models' full disks say, and a store that was closed under an action by a kill. */
const OWN_FAULTS = ["ENOSPC", "readonly database", "The store is closed"];

/** The program does not end by itself, there is one of it, and nothing in it fails but by a fault that was meant to. */
export function life(): Look {
  return (sighting, system) => {
    if (sighting.kind === "second store") return "a second instance could open the store";
    if (sighting.kind === "collapse") return `the loop ended: ${String(sighting.error)}`;
    if (sighting.kind === "line" && sighting.text.includes("failed unexpectedly")) {
      return OWN_FAULTS.some((each) => sighting.text.includes(each)) ? null : sighting.text;
    }
    if (sighting.kind === "end" && system.store === null) return "it does not run at the end";
    return null;
  };
}
