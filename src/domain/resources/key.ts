import type { ResourceRule } from "./rule.ts";

/**
 * The resources a workflow job can ask for in `runs-on`, as labels that read like PBS: `ncpus=8`, `mem=16gb`. A pool may
 * add keys of its site's; each is a count or a choice.
 *
 * | key | is |
 * |---|---|
 * | `nodes` | chunks of the select statement |
 * | `ncpus`, `mpiprocs`, `ompthreads`, `ngpus` | of each chunk |
 * | `mem` | of each chunk |
 * | `gpu_type` | of each chunk, from the pool's list |
 * | `walltime` | of the allocation |
 * | `queue`, `place` | `qsub -q`, `-l place=`, from the pool's list |
 * | `priority` | `qsub -p`: −1024 to 1023; a label can ask for 0 and more |
 */
const KINDS: Readonly<Record<string, ResourceRule["kind"]>> = {
  nodes: "count",
  ncpus: "count",
  mpiprocs: "count",
  ompthreads: "count",
  ngpus: "count",
  mem: "size",
  gpu_type: "choice",
  walltime: "duration",
  queue: "choice",
  place: "choice",
  priority: "count",
};

export const RESOURCE_KEYS: readonly string[] = Object.keys(KINDS);

/** `null` for a key of the site's own, which can be either a count or a choice. */
export function kindOfKey(key: string): ResourceRule["kind"] | null {
  return Object.hasOwn(KINDS, key) ? (KINDS[key] ?? null) : null;
}

/** ASCII alone: a key that only looks like one of ours is another label. */
const RESOURCE_LABEL = /^([a-z][a-z0-9_]{0,63})=(.*)$/su;

export interface ResourceLabel {
  /** As it stands in the label set. */
  readonly label: string;
  readonly key: string;
  readonly value: string;
}

/** `null` for a label that asks for no resource. */
export function parseResourceLabel(label: string): ResourceLabel | null {
  const [, key, value] = RESOURCE_LABEL.exec(label) ?? [];
  return key === undefined || value === undefined ? null : { label, key, value };
}
