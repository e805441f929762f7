import { describe, expect, it } from "vitest";
import { HOUR, MINUTE } from "../../src/domain/time.ts";
import { Store } from "../../src/store/store.ts";
import { until } from "../helpers/until.ts";
import { handoffs, MINT, prepare, push } from "./site.ts";

const NEVER = { pbs: { queueWait: () => 3_600_000 } };

describe("what we believe of a queued job", { timeout: 600_000 }, () => {
  it.each(["cancelled", "failed to start"])(
    "is confirmed before its allocation is kept for longer: it was %s, and nobody told",
    async (end) => {
      const stage = await prepare(NEVER);
      await stage.start();
      const run = push(stage);
      const [job] = run.jobs;
      if (!job) throw new Error("no job");
      await until("PBS has an allocation", () => stage.pbs?.jobs().length === 1);
      await stage.stop();
      // No event is made of its end; a sweep only sees what still runs.
      stage.github.webhooks.fate = () => [];
      if (end === "cancelled") stage.github.cancel(job);
      else stage.github.failToStart(run);
      const store = Store.open(stage.stateDirectory, Date.now());
      const known = store.jobs.get(job.id);
      if (!known) throw new Error("the job is not stored");
      store.saveJob({ ...known, observedAt: Date.now() - 31 * MINUTE });
      store.close();

      await stage.start();
      await until("its allocation is deleted", () => stage.pbs?.jobs()[0]?.state === "F");
      await until("nothing is left", async () => (await handoffs(stage)).length === 0);
      const { jobs } = await stage.overview();
      expect(jobs).toMatchObject([
        { status: "completed", conclusion: end === "cancelled" ? "cancelled" : "startup_failure" },
      ]);
      expect(stage.github.calls.get(MINT)).toBeUndefined();
    },
  );

  it("is let go after GitHub's 24 hours, and its author can read why", async () => {
    const stage = await prepare(NEVER);
    await stage.start();
    const [job] = push(stage).jobs;
    if (!job) throw new Error("no job");
    await until("PBS has an allocation", () => stage.pbs?.jobs().length === 1);
    await stage.stop();
    const store = Store.open(stage.stateDirectory, Date.now());
    const known = store.jobs.get(job.id);
    if (!known) throw new Error("the job is not stored");
    store.saveJob({ ...known, createdAt: Date.now() - 24 * HOUR });
    store.close();
    await stage.start();
    await until("its allocation is deleted", () => stage.pbs?.jobs()[0]?.state === "F");
    const { jobs } = await stage.overview();
    expect(jobs[0]?.note).toBe(
      "It was queued for more than 24 hours, after which GitHub fails a job.",
    );
  });
});
