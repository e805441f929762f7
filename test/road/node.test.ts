import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { prototypeScene } from "../../src/demo/scene.ts";
import { Stage, type StageOptions } from "../../src/demo/stage.ts";
import type { StepDefinition } from "../../src/emulator/github/workflow.ts";
import type { Overview } from "../../src/status/overview.ts";
import { until } from "../helpers/until.ts";

async function open(options: Partial<StageOptions>): Promise<Stage> {
  const stage = await Stage.prepare({ scene: prototypeScene, lostAfter: 500, ...options });
  onTestFinished(() => stage.close());
  await stage.start();
  return stage;
}

function push(stage: Stage, ...steps: readonly StepDefinition[]) {
  const [job] = stage.github.push({
    repository: "climate-model",
    name: "ci",
    jobs: [{ name: "job", runsOn: ["self-hosted", "derecho"], steps }],
  }).jobs;
  if (!job) throw new Error("no job");
  return job;
}

function seen(
  stage: Stage,
  what: string,
  look: (overview: Overview) => boolean,
): Promise<Overview> {
  return until(what, async () => {
    const overview = await stage.overview();
    return look(overview) && overview;
  });
}

it("takes the whole way with a release of as many files as GitHub's: downloaded, unpacked, run from a root of its own", async () => {
  const stage = await open({ runnerScale: 0.01 });
  const run =
    'cd "$GITHUB_WORKSPACE/../../.."\nls bin | wc -l; ls -l externals; find externals/ -type f | wc -l';
  const job = push(stage, { name: "Look", run });
  const overview = await seen(stage, "it is over", ({ allocations: [first] }) => {
    return first?.phase === "ended";
  });
  expect(job.conclusion).toBe("success");
  const [files, link, shared] = job.log.trim().split("\n");
  expect(Number(files)).toBeGreaterThan(250);
  expect(link).toMatch(/ externals -> \//);
  expect(Number(shared)).toBeGreaterThan(6_000);
  expect(overview.allocations[0]).toMatchObject({ cause: "served", note: "served" });
  const said = await readFile(stage.logFile, "utf8");
  // Of a write-protected release on the same filesystem nothing is copied.
  expect(said).toMatch(
    /"root":\{"method":"(?:hardlink|reflink)","milliseconds":\d+,"bytes":\d{6,}\}/,
  );
  expect(await readdir(join(stage.directory, "scratch")).then((each) => each.length)).toBe(1);
});

it("pauses a pool whose runner GitHub finds too old, asks for a newer one, and says why", async () => {
  const stage = await open({ pool: { environment: ["export EMULATED_RUNNER=deprecated"] } });
  push(stage, { name: "Test", run: "true" });
  const { holds, jobs } = await seen(stage, "the pool is held", (each) => each.holds.length > 0);
  expect(holds).toMatchObject([{ subject: "allocations:derecho", failures: 1 }]);
  expect(holds[0]?.reason).toBe(
    "an allocation could not run a job: GitHub gives no jobs to this release of its runner any more: An error occurred: Runner version v0.0.0 is deprecated and cannot receive messages",
  );
  expect(jobs[0]).toMatchObject({
    status: "queued",
    note: expect.stringContaining("cannot receive messages; tried again in"),
  });
  await until("a newer release was looked for", async () => {
    return (await readFile(stage.logFile, "utf8")).includes("refuses the installed release");
  });
  const { allocations } = await seen(stage, "its allocation ended", (each) => {
    return each.allocations.every(({ phase }) => phase === "ended");
  });
  expect(allocations).toMatchObject([{ cause: "deprecated" }]);
});
