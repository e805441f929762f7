import Table from "cli-table3";
import color from "picocolors";
import { isMet, ratiosOf, spreadOf, type Figure } from "./figure.ts";

/** Figures as a table for a terminal: median and spread, beside the baseline's and the ratio. */
export function report(figures: readonly Figure[]): string {
  const table = new Table({
    head: ["figure", "median (least–most)", "baseline", "ratio (least–most)", "goal"],
    style: { head: color.isColorSupported ? ["bold"] : [], border: [], compact: true },
    colAligns: ["left", "right", "right", "right", "right"],
  });
  for (const figure of figures) {
    const ratios = ratiosOf(figure);
    const { baseline } = figure;
    table.push([
      figure.name,
      `${show(figure.samples)} ${figure.unit}`,
      baseline ? `${number(spreadOf(baseline.samples).median)} ${baseline.name}` : "–",
      ratios ? show(ratios) : "–",
      goalOf(figure),
    ]);
  }
  const notes = figures.flatMap(({ name, note }) =>
    note === undefined ? [] : [`${name}: ${note}`],
  );
  return [table.toString(), ...notes].join("\n");
}

function show(samples: readonly number[]): string {
  const { median, least, most } = spreadOf(samples);
  return samples.length === 1
    ? number(median)
    : `${number(median)} (${number(least)}–${number(most)})`;
}

function goalOf(figure: Figure): string {
  const { goal } = figure;
  if (!goal) return "–";
  const met = isMet(figure) === true;
  const bound = `${goal.at === "least" ? "≥" : "≤"} ${number(goal.value)}${goal.of === "ratio" ? " ×" : ""}`;
  return `${bound} ${met ? color.green("✓") : color.red("✗")}`;
}

/** Three digits are more than any of this is good for. */
function number(value: number): string {
  if (!Number.isFinite(value)) return "?";
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString("en-US");
  return String(Number(value.toPrecision(3)));
}
