import { showLabels, toLabelSet } from "../domain/labels.ts";
import type { LabelSet } from "../domain/labels.ts";
import type { Finding } from "./explain.ts";
import { quoteValue } from "./mistake.ts";
import { checkResources } from "./resources.ts";
import { pool, POOL_NAME_RULE } from "./schema/pool.ts";
import { checkWarm } from "./warm.ts";

/**
 * What no single key can show: names of pools, and pools that no job can tell apart. Looks at the file as it was written,
 * so that these are told together with everything the schema finds.
 */
export function checkPools(pools: unknown): readonly Finding[] {
  if (!isObject(pools)) return [];
  const findings: Finding[] = [];
  const earlier: Labelled[] = [];
  for (const name of Object.keys(pools)) {
    if (!POOL_NAME_RULE.pattern.test(name)) findings.push(badName(name));
    const written: unknown = Reflect.get(pools, name);
    const labels = labelsOf(written);
    if (labels === null) continue;
    const priority = isObject(written) && "priority" in written ? written.priority : 0;
    const twin = earlier.find((each) => {
      return each.priority === priority && showLabels(each.labels) === showLabels(labels);
    });
    if (twin !== undefined) findings.push(likeAnother(name, labels, twin));
    earlier.push({ name, labels, priority });
  }
  return findings;
}

/** What the keys of one pool must be together; a pool that the schema finds fault with is not looked at. */
export function checkEachPool(pools: unknown): readonly Finding[] {
  if (!isObject(pools)) return [];
  return Object.entries(pools).flatMap(([name, written]: [string, unknown]) => {
    const { data } = pool.safeParse(written);
    return data ? [...checkResources(name, data), ...checkWarm(name, data)] : [];
  });
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

interface Labelled {
  readonly name: string;
  readonly labels: LabelSet;
  readonly priority: unknown;
}

function badName(name: string): Finding {
  const { message, cure } = POOL_NAME_RULE;
  return { path: ["pools", name], at: "key", value: quoteValue(name), message, cure };
}

function likeAnother(name: string, labels: LabelSet, twin: Labelled): Finding {
  return {
    path: ["pools", name, "labels"],
    at: "value",
    value: quoteValue(showLabels(labels)),
    message: `are the labels of pool ${quoteValue(twin.name)} too: no job could tell the two apart`,
    cure: "give one of the two pools another label, or another priority",
  };
}

function labelsOf(written: unknown): LabelSet | null {
  if (!isObject(written) || !("labels" in written)) return null;
  const { labels } = written;
  const usable = Array.isArray(labels) && labels.length > 0;
  return usable && labels.every((label) => typeof label === "string") ? toLabelSet(labels) : null;
}
