import type { Configuration } from "../../src/config/configuration.ts";
import { MINUTE } from "../../src/domain/time.ts";
import { limitsWith, poolWith } from "../helpers/pool.ts";
import type { Scenario } from "./scenario.ts";

/** As NCAR's `qstat` cache, at its worst. */
export const CACHE_AGE = 5 * MINUTE;
/** Allocations at once: in each queue, and in all. */
export const CEILINGS = { small: 4, large: 2 } as const;
export const CEILING = 6;

/** Two clusters: one is reached through another server. */
const QUEUES = { small: "small", large: "large@far" } as const;

/** What the program of a history is told of its site. */
export function siteOf({ reuse, statusInterval, mostInArray, slots }: Scenario): Configuration {
  const pools = (["small", "large"] as const).map((name) =>
    poolWith({
      name,
      queue: QUEUES[name],
      walltimeSeconds: 3_600,
      allocationSeconds: 7_200,
      maxAllocations: CEILINGS[name],
      slots: name === "small" ? slots : 1,
      reuse: reuse ? "lane" : "never",
    }),
  );
  return {
    file: "/etc/hpc-runners.yml",
    pools,
    limits: limitsWith({ maxAllocations: CEILING }),
    directories: { shared: "/shared", runner: "/runner", scratch: null },
    pbs: {
      bin: null,
      statusIntervalMs: statusInterval,
      cacheAgeMs: CACHE_AGE,
      timeoutMs: MINUTE,
      arrays: mostInArray > 1,
      callsPerMinute: 240,
    },
    github: { timeoutMs: MINUTE, ca: null },
    runner: { update: false, mirror: null },
  };
}
