import { z } from "zod";
import { HOUR, SECOND } from "../../domain/time.ts";
import { directory, duration } from "./values.ts";

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
  })
  .describe("How PBS is spoken to.");
