import { chmod, readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Stage } from "../../src/demo/stage.ts";
import { until } from "../helpers/until.ts";
import { addPools, MINT, prepare, push } from "./site.ts";

const QUEUES = [{ name: "workq" }, { name: "narrow", maxQueued: 1 }];

async function noteOf(stage: Stage, label: string): Promise<string> {
  const [job] = push(stage, label).jobs;
  return until(`the job for ${label} is refused`, async () => {
    const seen = (await stage.overview()).jobs.find(({ id }) => id === job?.id);
    return seen?.status === "refused" ? (seen.note ?? "") : null;
  });
}

async function expectServed(stage: Stage, label = "derecho"): Promise<void> {
  const [job] = push(stage, label).jobs;
  await until(`a job for ${label} is served`, () => job?.conclusion === "success");
}

/** The pause of a pool, as people see it. */
async function holdOf(stage: Stage, subject: string) {
  return until(`${subject} is paused`, async () => {
    return (await stage.overview()).holds.find((each) => each.subject === subject);
  });
}

describe("errors, by what can be done", { timeout: 600_000 }, () => {
  it("refuse: an unknown queue and a site's own words reach the author, the pool is paused, the others go on", async () => {
    const stage = await prepare({
      pbs: {
        queues: QUEUES,
        accountHook: (account) =>
          account === "OVERDRAWN" ? "Project OVERDRAWN has used up its allocation" : null,
      },
    });
    await addPools(stage, { misspelt: { queue: "wrokq" } });
    await stage.start();
    expect(await noteOf(stage, "misspelt")).toMatch(/^PBS refused it: .*[Uu]nknown queue/);
    expect(await noteOf(stage, "overdrawn")).toContain("Project OVERDRAWN has used up");
    const hold = await holdOf(stage, "pool:misspelt");
    expect(hold.reason).toMatch(/[Uu]nknown queue/);
    // A person's matter: not asked again in the next minute.
    expect(hold.until - Date.now()).toBeGreaterThan(20_000);
    await expectServed(stage);
    expect(stage.pbs?.jobs()).toHaveLength(1);
  });

  it("retry: over a limit the pool is paused for a while, probed with one, and works again", async () => {
    const stage = await prepare({ pbs: { queues: QUEUES } });
    await addPools(stage, { narrow: { queue: "narrow" } });
    await stage.start();
    const first = push(stage, "narrow", "sleep 3").jobs[0];
    await until("it runs", () => first?.status === "in_progress");
    const second = push(stage, "narrow").jobs[0];
    const hold = await holdOf(stage, "pool:narrow");
    expect(hold.reason).toMatch(/limit/i);
    await expectServed(stage);
    await until("the queue had room in the end", () => second?.conclusion === "success");
    await until("nothing is paused", async () => (await stage.overview()).holds.length === 0);
  });

  it("stop: without qsub the pool is paused and says so; when it is there again all is served", async () => {
    const stage = await prepare();
    const bin = stage.pbs?.binDirectory ?? "";
    await rename(join(bin, "qsub"), join(bin, "qsub.away"));
    await stage.start();
    const [job] = push(stage).jobs;
    const hold = await holdOf(stage, "pool:derecho");
    expect(hold.reason).toContain("qsub");
    await rename(join(bin, "qsub.away"), join(bin, "qsub"));
    await chmod(join(bin, "qsub"), 0o700);
    await until("the job is served", () => job?.conclusion === "success");
  });

  it("GitHub's limit: for as long as it says nothing is asked, then all is made up for", async () => {
    const stage = await prepare();
    stage.github.faults.add(MINT, {
      kind: "answer",
      status: 403,
      headers: { "retry-after": "8" },
    });
    await stage.start();
    const [job] = push(stage).jobs;
    const hold = await holdOf(stage, `installation:${stage.github.installationId}`);
    expect(hold.until - Date.now()).toBeGreaterThan(3_000);
    await until("the job is served", () => job?.conclusion === "success");
    expect(stage.github.calls.get(MINT)).toBe(2);
    // And the log has told of it once, with GitHub's words.
    const log = await readFile(stage.logFile, "utf8");
    expect(log.match(/Paused after a failure/g)).toHaveLength(1);
  });
});
