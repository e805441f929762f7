import { describe, expect, it } from "vitest";
import { until } from "../helpers/until.ts";
import { logOf, MINT, prepare, push } from "./site.ts";

describe("a signal", { timeout: 600_000 }, () => {
  it("lets what was begun be finished, and takes nothing more in", async () => {
    const stage = await prepare();
    stage.github.faults.add(MINT, { kind: "slow", ms: 4_000 });
    await stage.start();
    const [job] = push(stage).jobs;
    await until("a runner is being made", () => stage.github.calls.get(MINT) === 1);
    expect(await stage.stop()).toBe(0);
    // It was made, and handed over: the job needs the program no more.
    expect(await logOf(stage)).toContain("Runner delivered");
    await until("the job is served", () => job?.conclusion === "success");
    expect(stage.github.calls.get(MINT)).toBe(1);
    await stage.start();
    await until("the next start has taken it up", async () => {
      const { jobs, allocations } = await stage.overview();
      return jobs[0]?.status === "completed" && allocations[0]?.phase === "ended";
    });
    expect((await stage.overview()).allocations).toHaveLength(1);
  });

  it("ends the program at its deadline, though GitHub hangs, and the next start finds out what became of it", async () => {
    const stage = await prepare();
    stage.github.faults.add(MINT, { kind: "hang" });
    await stage.start({ SHUTDOWN_DEADLINE: "1000" });
    const [job] = push(stage).jobs;
    await until("a runner is being made", () => stage.github.calls.get(MINT) === 1);
    expect(await stage.stop()).toBe(0);
    expect(await logOf(stage)).toContain("Not all that was begun could be finished");
    await stage.start();
    await until("the job is served", () => job?.conclusion === "success");
  });

  it("that comes a second time ends it at once; what was cut off is healed by the next start", async () => {
    const stage = await prepare();
    stage.pbs?.faults.hang();
    await stage.start();
    const [job] = push(stage).jobs;
    await until("qsub is under way", async () => {
      return (await stage.overview()).allocations.length === 1;
    });
    const first = stage.stop("SIGTERM");
    await until("the first is heard", async () => (await logOf(stage)).includes("Stopping:"));
    await stage.stop("SIGTERM");
    // The signal itself ended it.
    expect(await first).toBeNull();
    stage.pbs?.faults.goOn();
    await stage.start();
    await until("the job is served", () => job?.conclusion === "success");
    const names = stage.pbs?.jobs().map(({ name }) => name) ?? [];
    expect(new Set(names).size).toBe(names.length);
  });
});
