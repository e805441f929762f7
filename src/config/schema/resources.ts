import { z } from "zod";
import { cures } from "./values.ts";

/** A number or words, as the key wants; `checkResources` (config/check-resources.ts) reads them. */
const amount = z.union([z.int().min(0).max(1e15), z.string().min(1).max(64)]);

const resource = z.strictObject({
  default: amount
    .register(cures, { cure: "write what a job gets that does not ask" })
    .optional()
    .describe("What a job gets that does not ask. Default: nothing, and the part is left out."),
  min: amount
    .register(cures, { cure: "write the least that a job may ask for" })
    .optional()
    .describe("The least a job may ask for. Default: 1, of ngpus and priority 0."),
  max: amount
    .register(cures, { cure: "write the most that a job may ask for" })
    .optional()
    .describe("The most a job may ask for."),
  values: z
    .array(z.string().regex(/^[A-Za-z0-9][\w.:@-]{0,62}$/, "is no value that PBS takes"))
    .min(1)
    .max(100)
    .register(cures, { cure: "list the words a job may choose from, as PBS spells them" })
    .optional()
    .describe("What a job may choose from, as PBS spells it."),
});

/** What jobs may ask for in runs-on, by key. */
export const resources = z
  .record(z.string(), resource)
  .register(cures, {
    cure: "write a resource and its ceiling, such as ncpus: { default: 1, max: 64 }",
  })
  .default({})
  .describe(
    "What a job may ask for by labels such as ncpus=8: nodes, ncpus, mpiprocs, ompthreads, ngpus, mem and walltime have a max; gpu_type, queue and place have values; priority and keys of the site's have either.",
  );
