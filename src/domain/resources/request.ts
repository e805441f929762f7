import { printable, type LabelSet } from "../labels.ts";
import type { Pool } from "../pool.ts";
import { parseDuration } from "../time.ts";
import { parseResourceLabel, type ResourceLabel } from "./key.ts";
import { readValue, standardValue } from "./rule.ts";
import { fill, fillSelect } from "./template.ts";

/** What one workflow job asks PBS for, after its labels, its pool's defaults and ceilings are resolved. */
export interface ResourceRequest {
  readonly queue: string | null;
  readonly select: string;
  readonly place: string | null;
  /** What one job is sure to have. */
  readonly walltimeSeconds: number;
  /** What the allocation is asked for: at least the same; more where it may take further jobs. */
  readonly allocationSeconds: number;
  /** `qsub -p`; `null` for the site's own. */
  readonly priority: number | null;
  /** Job-wide resources besides (`qsub -l`), such as `job_priority=economy`. */
  readonly resources: readonly string[];
}

export type Resolved =
  | {
      readonly kind: "request";
      readonly request: ResourceRequest;
      /** By key, as PBS wants them: for people who ask why. */
      readonly values: ReadonlyMap<string, string>;
    }
  | {
      readonly kind: "refused";
      /** The label that asks what it may not. */
      readonly label: string;
      /** One sentence for the job's author: the label and the rule. */
      readonly reason: string;
    };

/** The labels of a job that ask for resources; one that the pool lists as it stands is a plain label. */
export function resourceLabelsOf(labels: LabelSet, pool: Pick<Pool, "labels">): ResourceLabel[] {
  return labels.flatMap((label) => {
    const resource = pool.labels.includes(label) ? null : parseResourceLabel(label);
    return resource ?? [];
  });
}

/** The resource request of a job in a pool: defaults filled, ceilings kept. Never throws, whatever the labels hold. */
export function resolveRequest(labels: LabelSet, pool: Pool): Resolved {
  const values = new Map<string, string>();
  const askedBy = new Map<string, string>();
  for (const { label, key, value } of resourceLabelsOf(labels, pool)) {
    const other = askedBy.get(key);
    if (other !== undefined) {
      return refused(label, `asks for ${key} a second time: ${quote(other)} does already`);
    }
    askedBy.set(key, label);
    const rule = Object.hasOwn(pool.resources, key) ? pool.resources[key] : undefined;
    if (!rule) return refused(label, `asks for ${key}, which ${offerOf(pool)}`);
    const read = readValue(rule, value);
    if (read.kind === "refused") return refused(label, `${read.why} (pool ${pool.name})`);
    values.set(key, read.text);
  }
  for (const [key, rule] of Object.entries(pool.resources)) {
    const standard = values.has(key) ? null : standardValue(rule);
    if (standard !== null) values.set(key, standard);
  }
  return { kind: "request", request: requestOf(pool, values), values };
}

function requestOf(pool: Pool, values: ReadonlyMap<string, string>): ResourceRequest {
  const walltime = values.get("walltime");
  const walltimeSeconds =
    (walltime === undefined ? null : parseDuration(walltime)) ?? pool.walltimeSeconds;
  const priority = values.get("priority");
  return {
    queue: values.get("queue") ?? pool.queue,
    select: fillSelect(pool.select, values),
    place: values.get("place") ?? pool.place,
    walltimeSeconds,
    allocationSeconds: Math.max(walltimeSeconds, pool.allocationSeconds ?? 0),
    priority: priority === undefined ? null : Number(priority),
    resources: pool.jobResources.flatMap((template) => fill(template, values) ?? []),
  };
}

function refused(label: string, why: string): Resolved {
  return { kind: "refused", label, reason: `The label ${quote(label)} ${why}.` };
}

/** Outsiders' text, within a sentence. */
function quote(label: string): string {
  return `"${printable(label, 80)}"`;
}

function offerOf({ name, resources }: Pool): string {
  const keys = Object.keys(resources);
  if (keys.length === 0) return `pool ${name} does not let jobs choose`;
  return `pool ${name} does not let jobs choose; it offers ${keys.join(", ")}`;
}
