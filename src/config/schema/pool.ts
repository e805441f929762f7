import { z } from "zod";
import { DAY, MINUTE } from "../../domain/time.ts";
import { argument, count, cures, duration, ONE_LINE, ONE_LINE_OR_TAB, QUOTES } from "./values.ts";

/** A letter first: names of digits alone would lose their place in the file's order, which routing goes by. */
const POOL_NAME = /^[A-Za-z][A-Za-z0-9._-]{0,62}$/;
export const POOL_NAME_RULE = {
  pattern: POOL_NAME,
  message: "is no name for a pool",
  cure: "use letters, digits, '.', '_' and '-', at most 63, a letter first",
} as const;

const label = z
  .string()
  .min(1)
  .max(256) // GitHub's limit for a runner's label
  .regex(ONE_LINE, "must not hold control characters")
  .regex(/^(?!\s).*(?<!\s)$/su, "must not begin or end with a space")
  .register(cures, { cure: `write a label as it stands in runs-on, 1 to 256 characters${QUOTES}` });

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
  select: argument(
    /^(?!select=)[A-Za-z0-9][\w.:+=/@%~[\]-]*$/,
    1024,
    "is no PBS select statement",
    "write chunks without spaces, commas or 'select=', such as 2:ncpus=4:mem=8gb; queue and walltime have keys of their own",
  )
    .default("1:ncpus=1")
    .describe("What one allocation consists of (qsub -l select=)."),
  place: argument(
    /^(?:free|pack|scatter|vscatter|excl|exclhost|shared|group=\w+)(?::(?:excl|exclhost|shared|group=\w+))*$/,
    128,
    "is no PBS place statement",
    "write free, pack, scatter or vscatter, then if need be :excl, :exclhost or :shared, then :group=resource",
  )
    .optional()
    .describe("How its chunks are placed (qsub -l place=). Default: the site's own."),
  walltime: duration(MINUTE, 30 * DAY).describe(
    "How long an allocation may last, the runner's start and every step of the job included: 30m, 2h30m, 00:30:00.",
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
  reuse: z
    .enum(["never", "lane"])
    .register(cures, { cure: "write never or lane" })
    .default("never")
    .describe(
      "never: each allocation serves one workflow job. lane: it takes further jobs with the same pool, labels, request and identity while walltime is left.",
    ),
});
