import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, type TestContext } from "vitest";
import { prototypeScene } from "../../src/demo/scene.ts";
import { isNothingLeft, Stage } from "../../src/demo/stage.ts";
import { programOf } from "../../src/emulator/program.ts";
import type { Overview } from "../../src/status/overview.ts";
import { until } from "../helpers/until.ts";

/** What the program does to the world on this road, in no order; the first test finds out whether it is all of it. */
const EFFECTS = [
  "journal.append",
  "journal.read",
  "journal.forget",
  "handoff.open",
  "pbs.submit",
  "pbs.status",
  "handoff.acknowledge",
  "github.mint",
  "github.findRunner",
  "github.deleteRunner",
  "handoff.deliver",
  "handoff.close",
  "pbs.delete",
] as const;
const MINT = "POST /orgs/{org}/actions/runners/generate-jitconfig";

/** Two jobs that are served, one after a mint whose answer is lost, and one that is cancelled while PBS lets it wait. */
async function begin(
  variables: Readonly<Record<string, string>>,
  { onTestFinished }: TestContext,
  queued: "one by one" | "before the start" = "one by one",
): Promise<Stage> {
  const stage = await Stage.prepare({
    scene: prototypeScene,
    lostAfter: 500,
    pbs: { queueWait: (ordinal) => (ordinal < 2 ? 100 : 3_600_000) },
    program: programOf(import.meta.url, "./program"),
  });
  onTestFinished(async ({ task }) => {
    if (task.result?.state === "fail") console.error(await readFile(stage.logFile, "utf8"));
    await stage.close();
  });
  const { github } = stage;
  github.faults.add(MINT, { kind: "lose-answer" });
  const start = (): Promise<void> =>
    stage.start({ EFFECTS: join(stage.directory, "effects"), ...variables });
  if (queued === "one by one") await start();
  // Found by the sweep, a run's jobs become known in one moment.
  else github.webhooks.fate = (_event, action) => (action === "queued" ? [] : [0]);
  const run = github.push({
    repository: "climate-model",
    name: "ci",
    jobs: [1, 2, 3].map((index) => ({
      name: `job-${index}`,
      runsOn: ["self-hosted", "derecho"],
      steps: [{ name: "Test", run: "true" }],
    })),
  });
  // Two of the three allocations start. Whichever job is left over is cancelled.
  void until("two jobs are served", () => {
    const waiting = run.jobs.filter(({ status }) => status === "queued");
    const served = run.jobs.filter(({ conclusion }) => conclusion === "success").length === 2;
    if (served) for (const job of waiting) github.cancel(job);
    return served;
  }).catch(() => undefined);
  if (queued === "before the start") await start();
  return stage;
}

async function finish({ github }: Stage, overview: () => Promise<Overview | null>) {
  return until("all is over", async () => {
    if (!github.jobs().every(({ status }) => status === "completed")) return null;
    const seen = await overview();
    const over =
      seen?.jobs.every(({ status }) => status === "completed") === true &&
      seen.allocations.every(({ phase }) => phase === "ended") &&
      github.runners().length === 0;
    return over ? seen : null;
  });
}

async function audit(running: Stage, overview: Overview): Promise<void> {
  expect(
    running.github
      .jobs()
      .map(({ conclusion }) => conclusion)
      .toSorted(),
  ).toEqual(["cancelled", "success", "success"]);
  await until("nothing is left", async () => isNothingLeft(await running.leftovers(overview)));
  // Nothing was submitted twice for want of remembering.
  const jobs = running.pbs?.jobs().filter(({ id }) => !/\[\d/.test(id)) ?? [];
  const names = jobs.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
}

// Most of the time they wait: for PBS's answers, and for the program to ask again.
describe.concurrent("the program is killed", { timeout: 600_000 }, () => {
  it("at each of its side effects, which are these", async (context) => {
    const running = await begin({}, context);
    await audit(running, await finish(running, () => running.overview()));
    const effects = await readFile(join(running.directory, "effects"), "utf8");
    const seen = new Set(effects.trim().split("\n"));
    // Not always needed.
    seen.delete("github.job");
    seen.delete("handoff.release");
    expect([...seen].toSorted()).toEqual([...EFFECTS].toSorted());
  });

  it.for(EFFECTS.flatMap((effect) => [`before ${effect}`, `after ${effect}`]))(
    "%s, starts again, and finishes its work",
    async (moment, context) => {
      const running = await begin({ CRASH_AT: moment }, context);
      await until("it is killed", () => running.wasKilled);
      await running.start();
      await audit(running, await finish(running, () => running.overview().catch(() => null)));
    },
  );

  it.for(["before pbs.submit", "after pbs.submit", "after handoff.open", "after pbs.delete"])(
    "%s of an array, starts again, and finishes its work",
    async (moment, context) => {
      const running = await begin({ CRASH_AT: moment }, context, "before the start");
      await until("it is killed", () => running.wasKilled);
      await running.start();
      await audit(running, await finish(running, () => running.overview().catch(() => null)));
      if (moment !== "after pbs.submit") return;
      expect(running.pbs?.jobs().filter(({ id }) => /\[\d/.test(id))).toHaveLength(3);
    },
  );
});
