import { z } from "zod";
import { directories } from "./schema/directories.ts";
import { github } from "./schema/github.ts";
import { limits } from "./schema/limits.ts";
import { node } from "./schema/node.ts";
import { pbs } from "./schema/pbs.ts";
import { pool, POOL_NAME_RULE } from "./schema/pool.ts";
import { runner } from "./schema/runner.ts";
import { cures } from "./schema/values.ts";

/** The whole of `hpc-runners.yml`, defaults included. Durations come out in milliseconds. */
export const schema = z.strictObject({
  pools: z
    .record(z.string(), pool)
    .refine((pools) => Object.keys(pools).length > 0, "must hold at least one pool")
    .register(cures, { cure: "write at least one pool: its name, its labels and its walltime" })
    .meta({
      description: "Each pool: the labels it answers to and what it asks PBS for.",
      minProperties: 1,
      propertyNames: { pattern: POOL_NAME_RULE.pattern.source },
    }),
  limits: limits.prefault({}),
  directories: directories.prefault({}),
  pbs: pbs.prefault({}),
  node: node.prefault({}),
  github: github.prefault({}),
  runner: runner.prefault({}),
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
