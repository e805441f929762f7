import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect } from "vitest";
import { isNothingLeft, type Stage } from "../../src/demo/stage.ts";
import { groupBy } from "../../src/domain/group.ts";
import { pbsNameOf } from "../../src/domain/pbs-name.ts";
import type { WorkflowDefinition } from "../../src/emulator/github/workflow.ts";
import type { Overview } from "../../src/status/overview.ts";
import { until } from "../helpers/until.ts";

export const MINT = "POST /orgs/{org}/actions/runners/generate-jitconfig";
export const TRUE = [{ name: "Test", run: "true" }];
export const SLEEP = [{ name: "Test", run: "sleep 2" }];

export function repeat<T>(count: number, each: T): T[] {
  return Array.from({ length: count }, () => each);
}

export function workflow(
  jobs: readonly WorkflowDefinition["jobs"][number]["steps"][],
): WorkflowDefinition {
  return {
    repository: "climate-model",
    name: "ci",
    jobs: jobs.map((steps, index) => ({
      name: `job-${index}`,
      runsOn: ["self-hosted", "derecho"],
      steps,
    })),
  };
}

export function conclusions(stage: Stage) {
  return stage.github.jobs().map(({ conclusion }) => conclusion);
}

/** How many allocations each qsub asked for. */
export function submissionsIn({ allocations }: Overview): number[] {
  const byJob = groupBy(allocations, ({ name }) => pbsNameOf(name).job);
  return [...byJob.values()].map(({ length }) => length);
}

/** Every job is over on GitHub and in the store, every allocation has ended, and no runner is left. */
export function untilQuiet(stage: Stage): Promise<Overview> {
  return until("nothing is left to do", async () => {
    const over = stage.github.jobs().every(({ status }) => status === "completed");
    if (!over || stage.github.runners().length > 0) return null;
    const overview = await stage.overview();
    const settled =
      overview.jobs.length === stage.github.jobs().length &&
      overview.jobs.every(({ status }) => status === "completed") &&
      overview.allocations.every(({ phase }) => phase === "ended");
    return settled ? overview : null;
  });
}

/** What a person would look at first. */
export async function explain(stage: Stage): Promise<void> {
  const logs = join(stage.directory, "state/hpc-runners/shared/logs");
  const files = await readdir(logs).catch(() => []);
  const paths = [stage.logFile, ...files.map((file) => join(logs, file))];
  for (const path of paths) console.error(path, await readFile(path, "utf8").catch(String));
  console.error("PBS", stage.pbs?.jobs());
}

export async function expectNothingLeft(stage: Stage, overview: Overview): Promise<void> {
  // A directory stays until the last registration of its allocation is known to be gone.
  await until("nothing is left", async () => {
    return isNothingLeft(await stage.leftovers(overview));
  });
  expect(await readdir(join(stage.directory, "scratch")).then((each) => each.length)).toBeLessThan(
    2,
  );
}
