import { includesAll, showLabels, toLabelSet } from "../domain/labels.ts";
import type { LabelSet } from "../domain/labels.ts";
import type { Finding } from "./explain.ts";
import { quoteValue } from "./mistake.ts";
import { POOL_NAME_RULE } from "./schema/pool.ts";

/**
 * What no single key can show: names of pools, and pools that no job can reach. Looks at the file as it was written, so
 * that these are told together with everything the schema finds.
 */
export function checkPools(pools: unknown): readonly Finding[] {
  if (typeof pools !== "object" || pools === null || Array.isArray(pools)) return [];
  const findings: Finding[] = [];
  const earlier: Labelled[] = [];
  for (const name of Object.keys(pools)) {
    if (!POOL_NAME_RULE.pattern.test(name)) findings.push(badName(name));
    const labels = labelsOf(Reflect.get(pools, name));
    if (labels === null) continue;
    // A job goes to the first pool whose labels include all its own (domain/routing.ts).
    const winner = earlier.find((pool) => includesAll(pool.labels, labels));
    if (winner !== undefined) findings.push(outOfReach({ name, labels }, winner));
    earlier.push({ name, labels });
  }
  return findings;
}

interface Labelled {
  readonly name: string;
  readonly labels: LabelSet;
}

function badName(name: string): Finding {
  const { message, cure } = POOL_NAME_RULE;
  return { path: ["pools", name], at: "key", value: quoteValue(name), message, cure };
}

function outOfReach(pool: Labelled, winner: Labelled): Finding {
  const shown = showLabels(pool.labels);
  const same = shown === showLabels(winner.labels);
  const owner = quoteValue(winner.name);
  return {
    path: ["pools", pool.name, "labels"],
    at: "value",
    value: quoteValue(shown),
    message: same
      ? `are the labels of pool ${owner} too: no job could tell the two apart`
      : `are all among those of pool ${owner} above, which would take every job of this pool`,
    cure: same
      ? "give one of the two pools another label"
      : "put this pool above that one, or give it a label of its own",
  };
}

function labelsOf(pool: unknown): LabelSet | null {
  if (typeof pool !== "object" || pool === null || !("labels" in pool)) return null;
  const { labels } = pool;
  const usable = Array.isArray(labels) && labels.length > 0;
  return usable && labels.every((label) => typeof label === "string") ? toLabelSet(labels) : null;
}
