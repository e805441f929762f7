import { z } from "zod";
import { DAY, HOUR, MINUTE, SECOND, parseDuration } from "../domain/time.ts";

/** What to write instead, for each key of the file. Kept beside the key; {@link cureAt} finds it by path. */
const cures = z.registry<{ readonly cure: string }>();

/** A letter first: names of digits alone would lose their place in the file's order, which routing goes by. */
const POOL_NAME = /^[A-Za-z][A-Za-z0-9._-]{0,62}$/;
export const POOL_NAME_RULE = {
  pattern: POOL_NAME,
  message: "is no name for a pool",
  cure: "use letters, digits, '.', '_' and '-', at most 63, a letter first",
} as const;

/** Everything that is no one-line text: control characters (ESC, NUL, newline …) and Unicode's line separators. */
const ONE_LINE = /^[^\p{Cc}\u2028\u2029]*$/u;
const ONE_LINE_OR_TAB = /^(?:\t|[^\p{Cc}\u2028\u2029])*$/u;

/** YAML takes `123` for a number and `true` for a truth value where text is meant. */
const QUOTES = "; in quotes if it looks like a number";

const DURATION =
  /^(?:(?:\d{1,5}:)?\d{1,2}:\d{2}|(?=.)(?:\d{1,4}d)?(?:\d{1,5}h)?(?:\d{1,6}m)?(?:\d{1,8}s)?)$/;

/** A duration as PBS and people write it, between two bounds; becomes milliseconds. */
function duration(least: number, most: number) {
  const bounds = `between ${showDuration(least)} and ${showDuration(most)}`;
  return z
    .string()
    .meta({ pattern: DURATION.source }) // for editors; parseDuration decides
    .transform((text, context) => {
      const seconds = parseDuration(text);
      if (seconds === null) {
        context.addIssue({ code: "custom", message: "is no duration" });
        return z.NEVER;
      }
      const milliseconds = seconds * SECOND;
      if (milliseconds < least || milliseconds > most) {
        context.addIssue({ code: "custom", message: `must be ${bounds}` });
        return z.NEVER;
      }
      return milliseconds;
    })
    .register(cures, {
      cure: `write a duration ${bounds}, with units or as a clock: 90s, 30m, 2h30m, 00:30:00`,
    });
}

function showDuration(milliseconds: number): string {
  if (milliseconds % DAY === 0 && milliseconds > 0) return `${milliseconds / DAY}d`;
  if (milliseconds % HOUR === 0 && milliseconds > 0) return `${milliseconds / HOUR}h`;
  if (milliseconds % MINUTE === 0 && milliseconds > 0) return `${milliseconds / MINUTE}m`;
  return `${milliseconds / SECOND}s`;
}

/** Text that becomes one argument of `qsub`. */
function argument(pattern: RegExp, most: number, message: string, cure: string) {
  return z.string().regex(pattern, message).max(most).register(cures, { cure });
}

function count(most: number, cure: string) {
  return z.int().min(1).max(most).register(cures, { cure });
}

/** `:` separates host and path in `qsub -o`; spaces are not safe in a runner's work folder (container hooks split there). */
const DIRECTORY = /^(?:~|(?:~\/|\/)[^\s:$\\"'`\p{Cc}]*)$/u;

function directory() {
  return argument(
    DIRECTORY,
    1024,
    "is no absolute path free of spaces, ':', '$' and quotes",
    "write an absolute path, or one that begins with ~/ ; variables are not expanded",
  );
}

const label = z
  .string()
  .min(1)
  .max(256) // GitHub's limit for a runner's label
  .regex(ONE_LINE, "must not hold control characters")
  .regex(/^(?!\s).*(?<!\s)$/su, "must not begin or end with a space")
  .register(cures, { cure: `write a label as it stands in runs-on, 1 to 256 characters${QUOTES}` });

const pool = z.strictObject({
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

const limits = z
  .strictObject({
    max_allocations: count(100_000, "write a whole number from 1 to 100000")
      .default(100)
      .describe("At most this many allocations at once, over all pools."),
  })
  .describe("Ceilings over all pools.");

const directories = z
  .strictObject({
    shared: directory()
      .optional()
      .describe(
        "Handoff and logs. Compute nodes must see it under the same path. Default: shared in the state directory.",
      ),
    runner: directory()
      .optional()
      .describe(
        "The unpacked release of GitHub's runner; compute nodes must see it. Default: runner in the state directory.",
      ),
    scratch: directory()
      .optional()
      .describe("Where on a compute node runners do their work. Default: the PBS job's $TMPDIR."),
  })
  .describe("Where things are kept.");

const pbs = z
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

const github = z
  .strictObject({
    timeout: duration(SECOND, 15 * MINUTE)
      .prefault("60s")
      .describe("How long one call of GitHub's API may take."),
  })
  .describe("How GitHub is spoken to.");

/** The whole of `hpc-runners.yml`, defaults included. Durations come out in milliseconds. */
export const schema = z.strictObject({
  pools: z
    .record(z.string(), pool)
    .refine((pools) => Object.keys(pools).length > 0, "must hold at least one pool")
    .register(cures, { cure: "write at least one pool: its name, its labels and its walltime" })
    .meta({
      description: "Each pool: the labels it answers to and what it asks PBS for.",
      minProperties: 1,
      propertyNames: { pattern: POOL_NAME.source },
    }),
  limits: limits.prefault({}),
  directories: directories.prefault({}),
  pbs: pbs.prefault({}),
  github: github.prefault({}),
});

export type Settings = z.output<typeof schema>;

/** The JSON Schema that editors check `hpc-runners.yml` by; draft 7 is what the YAML language server knows best. */
export function configurationJsonSchema(): object {
  const generated = z.toJSONSchema(schema, { io: "input", target: "draft-7" });
  const { $schema, ...rest } = generated;
  return {
    $schema,
    title: "hpc-runners.yml",
    description: "Configuration of hpc-runners: GitHub Actions on PBS clusters.",
    ...rest,
  };
}

/** Keys that may stand at a path; empty where any name may (pools) or none. */
export function keysAt(path: readonly PropertyKey[]): readonly string[] {
  const at = schemasAt(path).at(-1);
  return at instanceof z.ZodObject ? Object.keys(at.shape) : [];
}

/** The cure kept beside the key at a path, or `null`. */
export function cureAt(path: readonly PropertyKey[]): string | null {
  const found = schemasAt(path).map((at) => cures.get(at)?.cure);
  return found.findLast((cure) => cure !== undefined) ?? null;
}

/** The schema at a path, with the wrappers (`default`, `optional`, `transform`) it is in, outermost first. */
function schemasAt(path: readonly PropertyKey[]): readonly z.core.$ZodType[] {
  let found = unwrap(schema);
  for (const key of path) {
    const at = found.at(-1);
    if (at instanceof z.ZodObject) {
      const next: unknown = Object.hasOwn(at.shape, key) ? at.shape[String(key)] : undefined;
      if (!(next instanceof z.ZodType)) return [];
      found = unwrap(next);
    } else if (at instanceof z.ZodRecord) found = unwrap(at.valueType);
    else if (at instanceof z.ZodArray) found = unwrap(at.element);
    else return [];
  }
  return found;
}

function unwrap(at: z.core.$ZodType): readonly z.core.$ZodType[] {
  if (at instanceof z.ZodDefault || at instanceof z.ZodPrefault || at instanceof z.ZodOptional) {
    return [at, ...unwrap(at.unwrap())];
  }
  if (at instanceof z.ZodPipe) return [at, ...unwrap(at.in)];
  return [at];
}
