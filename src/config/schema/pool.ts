import { z } from "zod";
import { REUSE_POLICIES } from "../../domain/pool.ts";
import { DAY, MINUTE } from "../../domain/time.ts";
import { label } from "./label.ts";
import { node } from "./node.ts";
import { resources } from "./resources.ts";
import { warm } from "./warm.ts";
import { argument, count, cures, duration, ONE_LINE, ONE_LINE_OR_TAB, QUOTES } from "./values.ts";

/** A letter first: names of digits alone would lose their place in the file's order, which routing goes by. */
const POOL_NAME = /^[A-Za-z][A-Za-z0-9._-]{0,62}$/;
export const POOL_NAME_RULE = {
  pattern: POOL_NAME,
  message: "is no name for a pool",
  cure: "use letters, digits, '.', '_' and '-', at most 63, a letter first",
} as const;

/** One stanza of `pools`. */
export const pool = z.strictObject({
  labels: z
    .array(label)
    .min(1)
    .max(100) // generate-jitconfig takes 1 to 100
    .register(cures, { cure: "list 1 to 100 labels, such as [self-hosted, derecho]" })
    .describe(
      "Labels this pool answers to: it takes a workflow job whose runs-on holds no other label than these. Case does not matter.",
    ),
  queue: argument(
    /^[A-Za-z0-9_][\w.-]*(?:@[A-Za-z0-9][A-Za-z0-9.-]*(?::\d{1,5})?)?$/,
    128,
    "is no PBS destination",
    `write queue or queue@server${QUOTES}`,
  )
    .optional()
    .describe("PBS queue, or queue@server (qsub -q). Default: the server's own."),
  account: argument(
    /^[A-Za-z0-9_][\w.:+/@=-]*$/,
    128,
    "is no PBS account",
    `write the account's code alone, such as NCAR0001${QUOTES}`,
  )
    .optional()
    .describe(
      "Account or project code that is charged (qsub -A). Leave out where the site needs none.",
    ),
  priority: z
    .int()
    .min(-1000)
    .max(1000)
    .register(cures, { cure: "write a whole number from -1000 to 1000" })
    .default(0)
    .describe("Among pools that answer to a job equally well, the one with the highest takes it."),
  select: argument(
    /^(?!select=)[A-Za-z0-9{][\w.:+=/@%~[\]{}-]*$/,
    1024,
    "is no PBS select statement",
    "write chunks without spaces, commas or 'select=', such as 2:ncpus=4:mem=8gb or {nodes}:ncpus={ncpus} (in quotes where it begins with a brace); queue and walltime have keys of their own",
  )
    .optional()
    .describe(
      "What one allocation consists of (qsub -l select=). {ncpus} stands for what the job asks for; a part whose value is missing or 0 is left out. Default: every resource of this pool, in one kind of chunk; 1:ncpus=1 where it offers none.",
    ),
  job_resources: z
    .array(
      argument(
        /^[a-z][a-z0-9_]*=[\w.:+/@%~{}-]+$/,
        256,
        "is no PBS resource",
        "write resource=value, such as job_priority={job_priority}",
      ),
    )
    .max(20)
    .default([])
    .describe("Further resources of the whole job (qsub -l), such as job_priority={job_priority}."),
  resources,
  place: argument(
    /^(?:free|pack|scatter|vscatter|excl|exclhost|shared|group=\w+)(?::(?:excl|exclhost|shared|group=\w+))*$/,
    128,
    "is no PBS place statement",
    "write free, pack, scatter or vscatter, then if need be :excl, :exclhost or :shared, then :group=resource",
  )
    .optional()
    .describe("How its chunks are placed (qsub -l place=). Default: the site's own."),
  walltime: duration(MINUTE, 30 * DAY).describe(
    "What a job has that asks for no other, the runner's start and every step included: 30m, 2h30m, 00:30:00.",
  ),
  allocation_walltime: duration(MINUTE, 30 * DAY)
    .optional()
    .describe(
      "How long an allocation may last, so that it can take further jobs (reuse). Default: as long as one job.",
    ),
  environment: z
    .array(
      z
        .string()
        .max(4096)
        .regex(ONE_LINE_OR_TAB, "must be one line")
        .register(cures, { cure: "write each shell line as an item of its own" }),
    )
    .max(100)
    .register(cures, { cure: 'list shell lines, such as ["module load gcc"]' })
    .default([])
    .describe(
      "Lines of bash run in the allocation before the runner starts, such as module load gcc.",
    ),
  runner_group: z
    .string()
    .min(1)
    .max(256)
    .regex(ONE_LINE, "must not hold control characters")
    .register(cures, { cure: "write the name of a runner group of the organization" })
    .default("Default")
    .describe(
      "Name of the organization's runner group that its runners join; it decides which repositories may use them.",
    ),
  max_allocations: count(10_000, "write a whole number from 1 to 10000")
    .default(10)
    .describe("At most this many allocations of this pool at once, waiting and running together."),
  max_waiting: count(10_000, "write a whole number from 1 to 10000")
    .optional()
    .describe("At most this many of them waiting in PBS. Default: as many as max_allocations."),
  reuse: z
    .enum(REUSE_POLICIES)
    .register(cures, { cure: `write ${REUSE_POLICIES.join(", ")}` })
    .default("same-repository")
    .describe(
      "May an allocation take further jobs of its lane (same pool, labels, request, identity) while walltime for a whole job is left (allocation_walltime)? never; same-repository: while no other repository's job waits in the lane; lane: any.",
    ),
  slots: count(256, "write a whole number from 1 to 256")
    .default(1)
    .describe(
      "How many jobs run side by side in one allocation, each with its own root and, where the node permits, its own share of the CPUs. select is for all of them together; max_allocations counts PBS jobs.",
    ),
  idle: duration(0, DAY)
    .prefault("60s")
    .describe("How long an allocation that has served waits for its next job."),
  warm: z
    .array(warm)
    .max(20)
    .register(cures, { cure: "list what is kept waiting: - { min: 2 }" })
    .default([])
    .describe("Allocations that are kept waiting for jobs."),
  node: node
    .prefault({})
    .describe("Keys of node, for this pool's runners; what is left out is as in node."),
});
