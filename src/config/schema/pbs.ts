import { z } from "zod";
import { HOUR, SECOND } from "../../domain/time.ts";
import { cures, directory, duration } from "./values.ts";

export const pbs = z
  .strictObject({
    bin: directory()
      .optional()
      .describe("Directory of qsub, qstat and qdel. Default: they are found on PATH."),
    status_interval: duration(SECOND, HOUR)
      .prefault("15s")
      .describe("Time between two calls of qstat while anything of ours is alive."),
    cache_age: duration(0, HOUR)
      .prefault("60s")
      .describe(
        "How old an answer of the site's qstat can be (NCAR caches up to 300s); 0s where qstat asks the server itself.",
      ),
    timeout: duration(SECOND, HOUR)
      .prefault("90s")
      .describe("How long one PBS command may take before it is ended and asked about again."),
    arrays: z
      .boolean()
      .register(cures, { cure: "write true or false" })
      .default(true)
      .describe(
        "Submit equal allocations of one moment as one array (qsub -J). false where the site wants no arrays; where PBS itself takes none, or only smaller ones, that is found out.",
      ),
    calls_per_minute: z
      .int()
      .min(10)
      .max(400)
      .register(cures, { cure: "write a whole number from 10 to 400" })
      .default(120)
      .describe(
        "At most this many PBS commands in any minute. All users of a host share about 500: each command holds one of its privileged ports for a minute.",
      ),
  })
  .describe("How PBS is spoken to.");
