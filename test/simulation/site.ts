import type { Configuration } from "../../src/config/configuration.ts";
import { toLabelSet } from "../../src/domain/labels.ts";
import type { Ceiling } from "../../src/domain/pool.ts";
import { HOUR, MINUTE, SECOND } from "../../src/domain/time.ts";
import type { WarmRule } from "../../src/domain/warm.ts";
import { limitsWith, poolWith } from "../helpers/pool.ts";
import { LABELS } from "./models/actions.ts";
import type { Scenario } from "./scenario.ts";

/** As NCAR's `qstat` cache, at its worst. */
export const CACHE_AGE = 5 * MINUTE;
/** Allocations at once: in each queue, and in all. */
export const CEILINGS = { small: 4, large: 2 } as const;
export const CEILING = 6;

/** Two clusters: one is reached through another server. */
const QUEUES = { small: "small", large: "large@far" } as const;

/** Every history begins at midnight. */
const FIRST_HOURS = { cron: "0 0 * * *", timeZone: "UTC", seconds: (2 * HOUR) / SECOND };

/** What the program of a history is told of its site. */
export function siteOf(scenario: Scenario): Configuration {
  const { reuse, statusInterval, mostInArray, slots, warm, eachRepository, eachUser } = scenario;
  const runsOn = toLabelSet(LABELS.small);
  const rule: WarmRule = { runsOn, organization: null, min: warm, hours: FIRST_HOURS };
  const pools = (["small", "large"] as const).map((name) =>
    poolWith({
      name,
      queue: QUEUES[name],
      walltimeSeconds: 3_600,
      allocationSeconds: 7_200,
      maxAllocations: CEILINGS[name],
      slots: name === "small" ? slots : 1,
      reuse,
      warm: name === "small" && warm > 0 ? [rule] : [],
    }),
  );
  return {
    file: "/etc/hpc-runners.yml",
    pools,
    limits: limitsWith({
      maxAllocations: CEILING,
      repository: atMost(eachRepository),
      user: atMost(eachUser),
    }),
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

function atMost(maxAllocations: number): Ceiling {
  return { maxAllocations, maxWaiting: Infinity };
}
