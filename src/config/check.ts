import { toLabelSet, showLabels } from "../domain/labels.ts";
import type { Finding } from "./explain.ts";
import { quoteValue } from "./mistake.ts";
import { POOL_NAME_RULE } from "./schema.ts";

/**
 * What no single key can show: names of pools, and pools that answer to the same labels. Looks at the file as it was
 * written, so that these are told together with everything the schema finds.
 *
 * @param names the pools' names in the order of the file
 */
export function checkPools(pools: unknown, names: readonly string[]): readonly Finding[] {
  const findings: Finding[] = [];
  const owners = new Map<string, string>();
  for (const name of names) {
    if (!POOL_NAME_RULE.pattern.test(name)) findings.push(badName(name));
    const labels = labelsOf(pools, name);
    if (labels === null) continue;
    const shown = showLabels(toLabelSet(labels));
    const owner = owners.get(shown);
    if (owner === undefined) owners.set(shown, name);
    else findings.push(sameLabels(name, owner, shown));
  }
  return findings;
}

function badName(name: string): Finding {
  const { message, cure } = POOL_NAME_RULE;
  return { path: ["pools", name], at: "key", value: quoteValue(name), message, cure };
}

function sameLabels(name: string, owner: string, shown: string): Finding {
  return {
    path: ["pools", name, "labels"],
    at: "value",
    value: shown,
    message: `are the labels of pool ${owner} too: no job could tell the two apart`,
    cure: "give one of the two pools another label",
  };
}

function labelsOf(pools: unknown, name: string): readonly string[] | null {
  if (typeof pools !== "object" || pools === null || !Object.hasOwn(pools, name)) return null;
  const pool: unknown = Reflect.get(pools, name);
  if (typeof pool !== "object" || pool === null || !("labels" in pool)) return null;
  const { labels } = pool;
  const usable = Array.isArray(labels) && labels.length > 0;
  return usable && labels.every((label) => typeof label === "string") ? labels : null;
}
