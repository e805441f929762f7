import { existsSync } from "node:fs";
import { mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { until } from "../helpers/until.ts";
import { handoffs, logOf, prepare, push } from "./site.ts";

/** Minutes of the loop are seconds here. */
const FAST = { CLOCK_SPEED: "60" };

describe("what a lost store knew", { timeout: 600_000 }, () => {
  it("is found by its handoff directory, and ended: a waiting allocation is deleted, a busy runner left alone until it is done", async () => {
    const stage = await prepare({
      // The first starts at once, the second never.
      pbs: { queueWait: (ordinal) => (ordinal === 0 ? 0 : 3_600_000) },
      pool: { walltime: "12h" },
    });
    await stage.start();
    const flag = join(stage.directory, "go-on");
    const [busy] = push(stage, "derecho", `until [ -e '${flag}' ]; do sleep 0.2; done`).jobs;
    await until("a job runs", () => busy?.steps[0]?.status === "in_progress");
    const [waiting] = push(stage).jobs;
    if (!busy || !waiting) throw new Error("no job");
    await until("the other waits in PBS", () => stage.pbs?.jobs().length === 2);
    await stage.stop("SIGKILL");
    for (const name of await readdir(stage.stateDirectory)) {
      if (name.startsWith("store.sqlite")) await rm(join(stage.stateDirectory, name));
    }
    // Nobody waits for the second one when the program comes back.
    stage.github.webhooks.url = null;
    stage.github.cancel(waiting);
    const shared = join(stage.stateDirectory, "shared/handoff");
    await writeFile(join(shared, "README"), "somebody's");
    await mkdir(join(shared, "ghr-00000000000.00000000000000000000000000000000"));

    await stage.start(FAST);
    await until("the waiting one is deleted", () =>
      stage.pbs?.jobs().some(({ state, startedAt }) => state === "F" && startedAt === null),
    );
    // By now it has been looked at several times.
    expect(busy.status).toBe("in_progress");
    expect(stage.github.runners()).toHaveLength(1);
    await writeFile(flag, "");
    await until("the busy one is done", () => busy.conclusion === "success");
    await until("its directory is gone too", async () => {
      const names = await handoffs(stage);
      return names.length === 1 && names[0]?.startsWith("ghr-00000000000.");
    });
    expect(stage.github.runners()).toEqual([]);
    expect(stage.pbs?.jobs().every(({ state }) => state === "F")).toBe(true);
    // What is not ours is where it was, and was told of once.
    expect(existsSync(join(shared, "README"))).toBe(true);
    const told = (await logOf(stage)).split("\n").filter((line) => line.includes("is not ours"));
    expect(told.map((line) => /"file":"([^"]+)"/.exec(line)?.[1]).toSorted()).toEqual([
      "README",
      "ghr-00000000000.00000000000000000000000000000000",
    ]);
  });

  it("a directory whose allocation has ended is removed", async () => {
    const stage = await prepare();
    await stage.start();
    const [job] = push(stage).jobs;
    const path = await until("there is a directory", async () => (await handoffs(stage))[0]);
    await until("the job is served", () => job?.conclusion === "success");
    await until("all has ended", async () => {
      const { allocations } = await stage.overview();
      return allocations.every(({ phase }) => phase === "ended");
    });
    await stage.stop();
    await mkdir(join(stage.stateDirectory, "shared/handoff", path));
    await stage.start();
    await until("it is gone", async () => (await handoffs(stage)).length === 0);
    expect(await handoffs(stage)).toEqual([]);
  });
});
