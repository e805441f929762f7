import color from "picocolors";
import type { Overview } from "../status/overview.ts";
import { countCalls } from "./calls.ts";
import { isNothingLeft, type Stage } from "./stage.ts";

export interface Summary {
  readonly text: string;
  /** All went as it should. */
  readonly good: boolean;
}

/** What came of it, from GitHub's and PBS's own side. */
export async function summarize(
  stage: Stage,
  overview: Overview,
  { ms, troubles }: { readonly ms: number; readonly troubles: boolean },
): Promise<Summary> {
  const jobs = stage.github.jobs();
  const served = jobs.filter(({ conclusion }) => conclusion === "success").length;
  const failed = jobs.filter(({ conclusion }) => conclusion === "failure").length;
  const refused = overview.jobs.filter(({ status }) => status === "refused").length;
  const leftovers = await stage.leftovers(overview);
  const { runners, allocations, handoffs, awaited } = leftovers;
  const { forJobs, atStart } = countCalls(stage.github.calls);
  const nothingLeft = isNothingLeft(leftovers);
  const allServed = served === jobs.length;
  // Where troubles are shown, it is enough that each job came to an end that is told.
  const good = troubles ? served + failed + refused === jobs.length : allServed;
  const lines = [
    `${mark(good)} ${served} of ${jobs.length} workflow jobs succeeded${failed > 0 ? `, ${failed} failed in a step` : ""}${refused > 0 ? `, ${refused} refused with a reason` : ""}`,
    `${mark(true)} ${(forJobs / jobs.length).toFixed(2)} GitHub calls a job (${forJobs} for ${jobs.length}; besides, ${atStart} at the start to recover what no webhook told)`,
    `${mark(nothingLeft)} left over: ${runners} runners on GitHub, ${allocations} allocations in PBS, ${handoffs} files in the handoff`,
    ...(awaited > 0
      ? [`  ${awaited} in the handoff stay 15 min: GitHub may still make a runner for them`]
      : []),
    `  ${(ms / 1000).toFixed(1)} s`,
  ];
  return { text: `\n${lines.join("\n")}\n`, good: good && nothingLeft };
}

function mark(good: boolean): string {
  return good ? color.green("✓") : color.red("✗");
}
