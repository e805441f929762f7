import { formatWalltime, parseDuration } from "../time.ts";
import { formatSize, parseSize } from "./size.ts";

/**
 * What a pool lets a workflow job ask for under one key of its labels. Amounts are counts, sizes in bytes, or durations
 * in seconds; a choice is one of the pool's own words. What reaches PBS is always written anew from the amount or taken
 * from the pool's list, so that no character of an outsider's goes further than this module.
 */
export type ResourceRule = AmountRule | ChoiceRule;

export interface AmountRule {
  readonly kind: "count" | "size" | "duration";
  readonly least: number;
  readonly most: number;
  /** What a job gets that does not ask; `null` for nothing. */
  readonly standard: number | null;
}

export interface ChoiceRule {
  readonly kind: "choice";
  /** As PBS spells them; compared without regard to case, as GitHub compares labels. */
  readonly values: readonly string[];
  readonly standard: string | null;
}

export type Read =
  | { readonly kind: "value"; readonly text: string }
  /** The rest of the sentence `label … `, without a full stop. */
  | { readonly kind: "refused"; readonly why: string };

/** Reads what a label asks for, and writes it as PBS wants it. */
export function readValue(rule: ResourceRule, text: string): Read {
  if (rule.kind === "choice") {
    const value = rule.values.find((each) => each.toLowerCase() === text.toLowerCase());
    if (value !== undefined) return { kind: "value", text: value };
    return { kind: "refused", why: `must be ${listed(rule.values)}` };
  }
  const amount = parseAmount(rule.kind, text);
  if (amount === null) return { kind: "refused", why: `must be ${FORMS[rule.kind]}` };
  if (amount > rule.most) {
    return { kind: "refused", why: `is over the pool's ceiling of ${showAmount(rule, rule.most)}` };
  }
  if (amount < rule.least) {
    return { kind: "refused", why: `is under the pool's least of ${showAmount(rule, rule.least)}` };
  }
  return { kind: "value", text: showAmount(rule, amount) };
}

/** What a job gets that does not ask, as PBS wants it; `null` for nothing. */
export function standardValue(rule: ResourceRule): string | null {
  if (rule.standard === null) return null;
  return rule.kind === "choice" ? rule.standard : showAmount(rule, rule.standard);
}

const FORMS = {
  count: "a whole number",
  size: "a size with its unit, such as 16gb",
  duration: "a duration with its unit, such as 30m or 01:30:00",
} as const;

/** @returns `null` when the text is none. A sign, a fraction, an exponent or more than 15 digits are none. */
export function parseAmount(kind: AmountRule["kind"], text: string): number | null {
  switch (kind) {
    case "count":
      return /^\d{1,15}$/.test(text) ? Number(text) : null;
    case "size":
      return parseSize(text);
    case "duration":
      return parseDuration(text);
  }
}

function showAmount({ kind }: AmountRule, amount: number): string {
  if (kind === "size") return formatSize(amount);
  return kind === "duration" ? formatWalltime(amount) : String(amount);
}

function listed(values: readonly string[]): string {
  const last = values.at(-1) ?? "";
  return values.length < 2 ? last : `${values.slice(0, -1).join(", ")} or ${last}`;
}
