import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { prototypeScene } from "../../src/demo/scene.ts";
import { Stage, type StageOptions } from "../../src/demo/stage.ts";
import type { Exchange } from "../../src/emulator/github/server.ts";
import { mistakesOfExchange } from "../helpers/openapi.ts";
import { until } from "../helpers/until.ts";
import {
  MINT,
  TRUE,
  SLEEP,
  repeat,
  workflow,
  conclusions,
  submissionsIn,
  untilQuiet,
  explain,
  expectNothingLeft,
} from "./traffic.ts";

const MINUTES = 60_000;

/** The whole road, with the real program, against a PBS: emulated or real. */
export function describeRoad(name: string, options: Pick<StageOptions, "realPbs">): void {
  const stages: Stage[] = [];
  const exchanges: Exchange[] = [];

  async function prepare(more: Partial<StageOptions> = {}): Promise<Stage> {
    const stage = await Stage.prepare({
      scene: prototypeScene,
      lostAfter: 500,
      onExchange: (exchange) => exchanges.push(exchange),
      ...options,
      ...more,
    });
    stages.push(stage);
    return stage;
  }

  afterEach(async ({ task }) => {
    const failed = task.result?.state === "fail";
    for (const stage of stages.splice(0)) {
      if (failed) await explain(stage);
      await stage.close();
    }
    expect(exchanges.splice(0).flatMap(mistakesOfExchange)).toEqual([]);
  });

  describe(`the road on ${name}`, { timeout: 10 * MINUTES }, () => {
    it("serves the prototype's twelve jobs, with one call of GitHub each, and leaves nothing", async () => {
      const stage = await prepare();
      await stage.start();
      for (const each of prototypeScene.workflows) stage.github.push(each);
      const overview = await untilQuiet(stage);
      expect(conclusions(stage)).toEqual(Array(12).fill("success"));
      // One mint a job; the runner group's id once.
      const forJobs = [...stage.github.calls].filter(([route]) =>
        / \/(?:orgs\/|repos\/.*\/jobs\/\{job_id)/.test(route),
      );
      const atStart = / \/repos\/.*\/actions\/runs$/;
      const calls = forJobs.filter(([route]) => !atStart.test(route));
      expect(calls.reduce((sum, [, times]) => sum + times, 0)).toBe(13);
      await expectNothingLeft(stage, overview);
      expect(await stage.stop()).toBe(0);
    });

    it("submits a burst in one qsub, takes one of it back, and serves the rest", async () => {
      const stage = await prepare({
        pool: { max_allocations: 50 },
        pbs: { ncpus: 39, queueWait: () => 2_000 },
      });
      // Recovery then finds the whole run at once.
      stage.github.webhooks.fate = (_event, action) => (action === "queued" ? [] : [0]);
      const jobs = stage.github.push(workflow(repeat(40, SLEEP))).jobs;
      await stage.start();
      await until("PBS has them all", async () => {
        const { allocations } = await stage.overview();
        return allocations.filter(({ pbsJobId }) => pbsJobId !== null).length === 40;
      });
      const waiting = jobs.findLast(({ status }) => status === "queued");
      if (waiting) stage.github.cancel(waiting);
      const overview = await untilQuiet(stage);
      expect(conclusions(stage).toSorted()).toEqual(["cancelled", ...Array(39).fill("success")]);
      expect(overview.allocations).toHaveLength(40);
      expect(submissionsIn(overview)).toEqual([40]);
      await expectNothingLeft(stage, overview);
    });

    it.skipIf(options.realPbs === true)(
      "submits smaller arrays where PBS takes no larger ones",
      async () => {
        const stage = await prepare({ pbs: { ncpus: 10, maxArraySize: 4 } });
        stage.github.webhooks.fate = (_event, action) => (action === "queued" ? [] : [0]);
        stage.github.push(workflow(repeat(9, TRUE)));
        await stage.start();
        const overview = await untilQuiet(stage);
        expect(conclusions(stage)).toEqual(Array(9).fill("success"));
        // 9 are refused, 4 at a time are not, and the last is alone.
        expect(submissionsIn(overview).toSorted((a, b) => a - b)).toEqual([1, 4, 4, 9]);
        await expectNothingLeft(stage, overview);
      },
    );

    it.skipIf(options.realPbs === true)(
      "lets no member of an array serve twice after its node was lost",
      async () => {
        const stage = await prepare({ pbs: { ncpus: 10 } });
        stage.github.webhooks.fate = (_event, action) => (action === "queued" ? [] : [0]);
        const long = [{ name: "Long", run: "sleep 600" }];
        const { jobs } = stage.github.push(workflow([long, long]));
        await stage.start();
        await until("both run", () => jobs.every((job) => job.steps[0]?.status === "in_progress"));
        stage.pbs?.faults.loseNode();
        stage.pbs?.faults.returnNode();
        const overview = await untilQuiet(stage);
        expect(conclusions(stage)).toEqual(["failure", "failure"]);
        expect(submissionsIn(overview)).toEqual([2]);
        const logs = join(stage.directory, "state/hpc-runners/shared/logs");
        const [log = ""] = await Promise.all(
          (await readdir(logs)).map((file) => readFile(join(logs, file), "utf8")),
        );
        expect(log).toContain("it was started before");
        await expectNothingLeft(stage, overview);
      },
    );

    it("runs jobs side by side in the seats of one PBS job, and ends it with the last", async () => {
      const stage = await prepare({
        pool: {
          slots: 4,
          select: "1:ncpus=4",
          allocation_walltime: "30m",
          reuse: "lane",
          idle: "1s",
        },
      });
      stage.github.webhooks.fate = (_event, action) => (action === "queued" ? [] : [0]);
      const jobs = stage.github.push(workflow(repeat(6, SLEEP))).jobs;
      await stage.start();
      await until("four run at once", () => {
        return jobs.filter(({ status }) => status === "in_progress").length >= 4;
      });
      const overview = await untilQuiet(stage);
      expect(conclusions(stage)).toEqual(repeat(6, "success"));
      expect(submissionsIn(overview)).toEqual([4, 4]);
      const pbsJobs = overview.allocations.map(({ pbsJobId }) => pbsJobId);
      expect(new Set(pbsJobs).size).toBe(2);
      await expectNothingLeft(stage, overview);
    });

    it("makes few submissions of a burst whose events come one by one", async () => {
      const stage = await prepare({ pool: { max_allocations: 50 }, pbs: { ncpus: 40 } });
      await stage.start();
      stage.github.push(workflow(repeat(20, TRUE)));
      const overview = await untilQuiet(stage);
      expect(conclusions(stage)).toEqual(Array(20).fill("success"));
      expect(submissionsIn(overview).length).toBeLessThan(8);
      await expectNothingLeft(stage, overview);
    });

    it("runs a job's steps in its allocation, with no secret of ours in their environment", async () => {
      const stage = await prepare();
      await stage.start();
      const steps = [
        { name: "Where", run: 'test -n "$PBS_JOBID"; echo "in $PBS_JOBID"; pwd' },
        { name: "Environment", run: "env; tr '\\0' '\\n' <\"/proc/$PPID/environ\"" },
      ];
      const [job] = stage.github.push(workflow([steps])).jobs;
      await untilQuiet(stage);
      expect(job?.log).toMatch(/in \d+\.\w+/);
      expect(job?.log).toContain("/runner.");
      expect(job?.log).not.toMatch(/WEBHOOK_SECRET|PRIVATE_KEY|APP_ID=/);
      const printed = job?.steps[1];
      expect(printed?.conclusion).toBe("success");
    });

    it("finds jobs that were queued while nobody listened", async () => {
      const stage = await prepare();
      stage.github.webhooks.fate = (_event, action) => (action === "queued" ? [] : [0]);
      stage.github.push(workflow([TRUE, TRUE]));
      await stage.start();
      const overview = await untilQuiet(stage);
      expect(conclusions(stage)).toEqual(["success", "success"]);
      await expectNothingLeft(stage, overview);
    });

    it("comes to the same end when events come twice and out of order", async () => {
      const stage = await prepare();
      let turn = 0;
      // The later an event, the sooner it arrives.
      stage.github.webhooks.fate = (_event, action) => {
        turn += 1;
        return action === "queued" ? [0, 300] : [turn % 2 === 0 ? 700 : 0, 400];
      };
      await stage.start();
      stage.github.push(workflow([TRUE, TRUE, TRUE]));
      const overview = await untilQuiet(stage);
      expect(conclusions(stage)).toEqual(["success", "success", "success"]);
      await expectNothingLeft(stage, overview);
    });

    it("is killed in the middle, starts again, and serves all, each job once", async () => {
      const stage = await prepare();
      await stage.start();
      stage.github.push(workflow([TRUE, SLEEP, SLEEP, TRUE]));
      await until("a job runs", () => stage.github.jobs().some((job) => job.runner !== null));
      await stage.stop("SIGKILL");
      stage.github.push(workflow([TRUE]));
      await stage.start();
      const overview = await untilQuiet(stage);
      expect(conclusions(stage)).toEqual(Array(5).fill("success"));
      await expectNothingLeft(stage, overview);
    });

    it("leaves allocations running when it is stopped, and takes them up when it starts", async () => {
      const stage = await prepare();
      await stage.start();
      stage.github.push(workflow([SLEEP]));
      await until("the job runs", () => stage.github.jobs()[0]?.status === "in_progress");
      expect(await stage.stop()).toBe(0);
      await until("the job ends by itself", () => stage.github.jobs()[0]?.conclusion === "success");
      await stage.start();
      const overview = await untilQuiet(stage);
      expect(overview.allocations).toHaveLength(1);
      await expectNothingLeft(stage, overview);
    });

    it("makes no runner for a job that is cancelled before it starts, and removes its allocation", async () => {
      const stage = await prepare({ pool: { select: "1:ncpus=4096" } });
      await stage.start();
      const [job] = stage.github.push(workflow([TRUE])).jobs;
      if (!job) throw new Error("no job");
      await until("PBS has it", async () => {
        return (await stage.overview()).allocations.some(({ pbsJobId }) => pbsJobId !== null);
      });
      stage.github.cancel(job);
      const overview = await untilQuiet(stage);
      expect(stage.github.calls.get(MINT)).toBeUndefined();
      await expectNothingLeft(stage, overview);
    });

    it("ends a running job that is cancelled, and its allocation", async () => {
      const stage = await prepare();
      await stage.start();
      const [job] = stage.github.push(workflow([[{ name: "Long", run: "sleep 600" }]])).jobs;
      if (!job) throw new Error("no job");
      await until("its step runs", () => job.steps[0]?.status === "in_progress");
      stage.github.cancel(job);
      const overview = await untilQuiet(stage);
      expect(job.conclusion).toBe("cancelled");
      await expectNothingLeft(stage, overview);
    });

    it("heals a mint whose answer was lost: the runner is found by name, deleted, and the job served", async () => {
      const stage = await prepare();
      stage.github.faults.add(MINT, { kind: "lose-answer" });
      await stage.start();
      stage.github.push(workflow([TRUE]));
      const overview = await untilQuiet(stage);
      expect(conclusions(stage)).toEqual(["success"]);
      expect(stage.github.calls.get(MINT)).toBe(2);
      await expectNothingLeft(stage, overview);
    });

    it("gives a job the resources that its labels ask for, and refuses what is over the ceiling", async () => {
      const resources = { ncpus: { default: 1, max: 2 }, walltime: { max: "20m" } };
      const stage = await prepare({ pool: { select: undefined, resources } });
      await stage.start();
      const wants = [["ncpus=2", "walltime=15m"], ["NCPUS=3"]].map((labels, index) => ({
        name: `job-${index}`,
        runsOn: ["self-hosted", "derecho", ...labels],
        steps: [{ name: "How many", run: 'echo "ncpus $NCPUS"' }],
      }));
      const { jobs } = stage.github.push({ repository: "climate-model", name: "ci", jobs: wants });
      const overview = await until("one is served and one refused", async () => {
        const seen = await stage.overview();
        const over = seen.jobs
          .map(({ status }) => status)
          .toSorted()
          .join();
        return over === "completed,refused" && seen;
      });
      const refused = overview.jobs.find(({ status }) => status === "refused");
      expect(refused?.note).toBe(
        'The label "ncpus=3" is over the pool\'s ceiling of 2 (pool derecho).',
      );
      // PBS tells a job how many it was given.
      expect(jobs[0]?.log).toContain("ncpus 2");
    });

    it("gives the next job of a repository to the allocation that served it, and then lets it go", async () => {
      const stage = await prepare({ pool: { allocation_walltime: "1h", idle: "20s" } });
      await stage.start();
      for (let turn = 1; turn <= 3; turn++) {
        stage.github.push(workflow([TRUE]));
        await until(`job ${turn} is served`, () => {
          return (
            stage.github.jobs().filter(({ conclusion }) => conclusion === "success").length === turn
          );
        });
      }
      const overview = await untilQuiet(stage);
      expect(overview.allocations).toHaveLength(1);
      expect(stage.github.calls.get(MINT)).toBe(3);
      await expectNothingLeft(stage, overview);
    });

    it("ends a job's step before its walltime is over, and lets the job save its work", async () => {
      const stage = await prepare({ pool: { walltime: "60s", node: { stop_before: "45s" } } });
      await stage.start();
      const [job] = stage.github.push(
        workflow([
          [
            { name: "Long", run: "echo half >result; sleep 600" },
            { name: "Next", run: "echo never" },
            { name: "Upload", run: "sleep 1; cat result", always: true },
          ],
        ]),
      ).jobs;
      const overview = await untilQuiet(stage);
      expect(job?.conclusion).toBe("failure");
      expect(job?.steps.map(({ conclusion }) => conclusion)).toEqual(["failure", null, "success"]);
      expect(job?.log).toContain("half\n");
      expect(overview.allocations).toMatchObject([{ cause: "walltime" }]);
      expect(overview.jobs[0]?.note).toMatch(
        /^Its allocation's walltime was used up: its step was stopped 1\d s before the end of its walltime of 60 s\. Give the pool more, or the job less to do\.$/,
      );
      await expectNothingLeft(stage, overview);
    });

    it("tells an author in a sentence why a job is refused, and serves the rest", async () => {
      const stage = await prepare();
      await stage.start();
      const odd = ["self-hosted", "no such label; $(touch /tmp/owned)\u001b[31m"];
      stage.github.push({
        repository: "climate-model",
        name: "mixed",
        jobs: [
          { name: "odd", runsOn: odd, steps: TRUE },
          { name: "good", runsOn: ["self-hosted", "derecho"], steps: TRUE },
        ],
      });
      const overview = await until("one is served and one refused", async () => {
        const seen = await stage.overview();
        const states = seen.jobs.map(({ status }) => status).toSorted();
        return states.join() === "completed,refused" && seen;
      });
      const refused = overview.jobs.find(({ status }) => status === "refused");
      expect(refused?.note).toContain("No pool answers to runs-on [no such label; $(touch");
      expect(refused?.note).not.toContain("\u001b");
      const logs = join(stage.directory, "state/hpc-runners/shared/logs");
      expect(await readdir(logs)).toHaveLength(1);
    });
  });
}
