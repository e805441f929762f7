import type { z } from "zod";
import { formatPath, quoteValue } from "./mistake.ts";
import { cureAt, keysAt } from "./schema.ts";
import { suggest } from "./suggestion.ts";

/** A mistake before it is known where in the file it stands. */
export interface Finding {
  readonly path: readonly PropertyKey[];
  /** Does it stand at the key's own name, or at its value? */
  readonly at: "key" | "value";
  readonly value: string | null;
  readonly message: string;
  readonly cure: string;
}

type Issue = z.core.$ZodIssue;

/** What the schema found, in the words of someone who writes YAML. One finding for each path. */
export function explain(issues: readonly Issue[]): readonly Finding[] {
  const findings = issues.flatMap(explainOne);
  const first = new Map<string, Finding>();
  for (const finding of findings) {
    const path = formatPath(finding.path);
    if (!first.has(path)) first.set(path, finding);
  }
  return [...first.values()];
}

function explainOne(issue: Issue): readonly Finding[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => unknownKey(issue.path, key));
  }
  const value = quoteValue(issue.input);
  const near = issue.code === "invalid_value" ? nearest(issue.input, issue.values) : null;
  const cure = cureAt(issue.path) ?? fallbackCure(issue);
  return [
    {
      path: issue.path,
      at: "value",
      value,
      message: messageOf(issue),
      cure: near === null ? cure : `did you mean ${near}?`,
    },
  ];
}

function unknownKey(parent: readonly PropertyKey[], key: string): Finding {
  const known = keysAt(parent);
  const near = suggest(key, known);
  const place = parent.length === 0 ? "the file" : formatPath(parent);
  return {
    path: [...parent, key],
    at: "key",
    value: null,
    message: `is not a key of ${place}`,
    cure: near === null ? `keys here are ${known.join(", ")}` : `did you mean ${near}?`,
  };
}

function messageOf(issue: Issue): string {
  if (issue.input === undefined) return "is missing";
  if (issue.input === null) return "has no value";
  if (issue.code === "invalid_type") {
    return `must be ${nounOf(issue.expected)}, not ${actualNoun(issue.input)}`;
  }
  if (issue.code === "too_small") {
    return `must ${measureOf(issue.origin, "at least", Number(issue.minimum))}`;
  }
  if (issue.code === "too_big") {
    return `must ${measureOf(issue.origin, "at most", Number(issue.maximum))}`;
  }
  if (issue.code === "invalid_value") {
    return `must be one of ${issue.values.map(String).join(", ")}`;
  }
  return issue.message; // our own words, from schema.ts
}

function measureOf(origin: string, bound: string, limit: number): string {
  if (origin === "string")
    return `have ${bound} ${limit} ${limit === 1 ? "character" : "characters"}`;
  if (origin === "array") return `have ${bound} ${limit} ${limit === 1 ? "item" : "items"}`;
  return `be ${bound} ${limit}`;
}

const NOUNS: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  object: "a mapping of keys to values",
  record: "a mapping of names to pools",
  array: "a list",
};

function nounOf(expected: string): string {
  return NOUNS[expected] ?? `of type ${expected}`;
}

function actualNoun(input: unknown): string {
  if (Array.isArray(input)) return "a list";
  if (typeof input === "number" && !Number.isInteger(input)) return "a number with a fraction";
  return nounOf(typeof input);
}

function nearest(input: unknown, values: readonly unknown[]): string | null {
  return typeof input === "string" ? suggest(input, values.map(String)) : null;
}

function fallbackCure(issue: Issue): string {
  const known = keysAt(issue.path);
  if (issue.code === "invalid_type" && issue.input === null) {
    return known.length === 0
      ? "give it a value, or remove the line"
      : `give it keys (${known.join(", ")}), or remove the line`;
  }
  if (known.length > 0) return `write keys and values under it: ${known.join(", ")}`;
  return "see hpc-runners.example.yml for what may stand here";
}
