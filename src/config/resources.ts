import { kindOfKey, RESOURCE_KEYS } from "../domain/resources/key.ts";
import { parseAmount, type AmountRule, type ResourceRule } from "../domain/resources/rule.ts";
import { formatSize } from "../domain/resources/size.ts";
import { placeholdersOf } from "../domain/resources/template.ts";
import { formatWalltime, SECOND } from "../domain/time.ts";
import type { Finding } from "./explain.ts";
import { quoteValue } from "./mistake.ts";
import type { Settings } from "./schema.ts";
import { suggest } from "./suggestion.ts";

type PoolSettings = Settings["pools"][string];
type Written = PoolSettings["resources"][string];

/** What jobs may ask a pool for; what {@link checkResources} found fault with is left out. */
export function toRules(pool: PoolSettings): Readonly<Record<string, ResourceRule>> {
  const rules: Record<string, ResourceRule> = {};
  for (const [key, written] of Object.entries(pool.resources)) {
    const { rule } = readRule(key, written);
    if (rule) rules[key] = rule;
  }
  // A job may ask for less walltime than it would have; for more only where the pool says so.
  const walltime = pool.walltime / SECOND;
  rules["walltime"] ??= { kind: "duration", least: 60, most: walltime, standard: null };
  return rules;
}

/** The select statement of a pool that has none of its own: every resource of a chunk that it offers. */
export function selectFor(rules: Readonly<Record<string, ResourceRule>>): string {
  const notOfChunk = new Set(["nodes", "walltime", "queue", "place", "priority"]);
  const parts = Object.keys(rules)
    .filter((key) => RESOURCE_KEYS.includes(key) && !notOfChunk.has(key))
    .map((key) => `${key}={${key}}`);
  if (parts.length === 0) return "1:ncpus=1";
  return [Object.hasOwn(rules, "nodes") ? "{nodes}" : "1", ...parts].join(":");
}

/** What no single key shows: resources that are none, amounts that are none, templates that ask for what nobody offers. */
export function checkResources(name: string, pool: PoolSettings): readonly Finding[] {
  const path = ["pools", name];
  const findings = Object.entries(pool.resources).flatMap(([key, written]) => {
    return readRule(key, written).findings.map((finding) => ({
      ...finding,
      path: [...path, "resources", key, ...finding.path],
    }));
  });
  const offered = new Set(["walltime", ...Object.keys(pool.resources)]);
  const templates: (readonly [readonly PropertyKey[], string])[] = [
    ...(pool.select === undefined ? [] : [[["select"], pool.select] as const]),
    ...pool.job_resources.map((template, index) => [["job_resources", index], template] as const),
  ];
  for (const [at, template] of templates) {
    const bare = template.replaceAll(/\{[a-z][a-z0-9_]*\}/g, "");
    const unknown = placeholdersOf(template).find((key) => !offered.has(key));
    if (unknown === undefined && !/[{}]/.test(bare)) continue;
    findings.push({
      path: [...path, ...at],
      at: "value",
      value: quoteValue(template),
      message:
        unknown === undefined
          ? "has a brace that belongs to no {resource}"
          : `asks for {${unknown}}, which this pool does not offer`,
      cure:
        unknown === undefined
          ? "write {ncpus} and the like, or no braces"
          : `add ${unknown} to resources, or remove it here`,
    });
  }
  return findings;
}

interface Reading {
  readonly rule: ResourceRule | null;
  /** Paths below the resource. */
  readonly findings: readonly Finding[];
}

const KEY = /^[a-z][a-z0-9_]{0,63}$/;

function readRule(key: string, written: Written): Reading {
  if (!KEY.test(key)) {
    const near = suggest(key, RESOURCE_KEYS);
    const cure = near === null ? "use lower-case letters, digits and '_'" : `did you mean ${near}?`;
    return fault([], "is no name for a resource", cure, key, "key");
  }
  const kind = kindOfKey(key) ?? (written.values ? "choice" : "count");
  return kind === "choice" ? readChoice(key, written) : readAmount(key, kind, written);
}

function readChoice(key: string, written: Written): Reading {
  const { values } = written;
  if (!values) {
    return fault([], `must say what jobs may choose from`, `write ${key}: { values: [a, b] }`);
  }
  for (const bound of ["min", "max"] as const) {
    if (written[bound] === undefined) continue;
    return fault([bound], "has no meaning beside values", "remove it", written[bound], "key");
  }
  const standard = written.default === undefined ? null : String(written.default);
  if (standard !== null && !values.includes(standard)) {
    return fault(
      ["default"],
      "is none of the values",
      `write one of ${values.join(", ")}`,
      standard,
    );
  }
  return { rule: { kind: "choice", values, standard }, findings: [] };
}

/** What each amount may be at the most where the pool sets no bound of its own below it. */
const CURES = {
  count: "write a whole number",
  size: "write a size with its unit, such as 16gb",
  duration: "write a duration with its unit, such as 2h30m",
} as const;

function readAmount(key: string, kind: AmountRule["kind"], written: Written): Reading {
  if (written.values) {
    return fault(["values"], `has no meaning for ${key}`, "write max instead", null, "key");
  }
  const amounts = new Map<string, number>();
  for (const name of ["default", "min", "max"] as const) {
    const value = written[name];
    if (value === undefined) continue;
    const amount = parseAmount(kind, String(value));
    if (amount === null) return fault([name], `is no ${kind}`, CURES[kind], value);
    amounts.set(name, amount);
  }
  const most = amounts.get("max");
  if (most === undefined) return fault([], "has no ceiling", `write ${key}: { max: … }`);
  if (key === "priority" && most > 1023) {
    return fault(["max"], "is over PBS's own 1023", "write at most 1023", written.max);
  }
  const standard = amounts.get("default") ?? (key === "nodes" ? 1 : null);
  const least = amounts.get("min") ?? Math.min(most, LEAST[key] ?? (kind === "duration" ? 60 : 1));
  if (least > most) return fault(["min"], "is more than max", "write less", written.min);
  if (standard !== null && (standard > most || standard < least)) {
    const bounds = `${show(kind, least)} to ${show(kind, most)}`;
    return fault(["default"], "is not within min and max", `write ${bounds}`, written.default);
  }
  return { rule: { kind, least, most, standard }, findings: [] };
}

/** GPUs and priority can be asked for as none. */
const LEAST: Readonly<Record<string, number>> = { ngpus: 0, priority: 0 };

function show(kind: AmountRule["kind"], amount: number): string {
  if (kind === "size") return formatSize(amount);
  return kind === "duration" ? formatWalltime(amount) : String(amount);
}

function fault(
  path: readonly PropertyKey[],
  message: string,
  cure: string,
  value: unknown = null,
  at: Finding["at"] = "value",
): Reading {
  return { rule: null, findings: [{ path, at, value: quoteValue(value), message, cure }] };
}
