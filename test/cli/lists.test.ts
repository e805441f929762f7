import { createHash } from "node:crypto";
import { readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, onTestFinished, test } from "vitest";
import { prototypeScene } from "../../src/demo/scene.ts";
import { Stage } from "../../src/demo/stage.ts";
import type { JobView } from "../../src/status/job-view.ts";
import type { AllocationRecord } from "../../src/status/records.ts";
import { hpcRunners } from "../helpers/program.ts";
import { until } from "../helpers/until.ts";

const SELF_HOSTED = ["self-hosted", "derecho"];
const LONG = [{ name: "Test", run: "sleep 600" }];

/** One job runs, one waits in PBS, one asks for what no pool has, and one has ended. */
async function begin(): Promise<Stage> {
  const stage = await Stage.prepare({
    scene: prototypeScene,
    lostAfter: 500,
    pbs: { ncpus: 1, queueWait: () => 0 },
  });
  await stage.start();
  push(stage, "over", SELF_HOSTED, [{ name: "Test", run: "true" }]);
  await until("the first has ended", async () => {
    const { jobs, allocations } = await stage.overview();
    return jobs[0]?.conclusion === "success" && allocations[0]?.phase === "ended";
  });
  push(stage, "long", SELF_HOSTED, LONG);
  await until("one runs", () => stage.github.jobs()[1]?.status === "in_progress");
  push(stage, "waits", SELF_HOSTED, LONG);
  push(stage, "odd", ["self-hosted", "quantum"], LONG);
  await until("one waits in PBS, one is refused, one is known to run", async () => {
    const { jobs, allocations } = await stage.overview();
    const refused = jobs.some(({ status }) => status === "refused");
    const runs = jobs.some(({ status, pbsState }) => status === "in_progress" && pbsState === "R");
    return refused && runs && allocations.some(({ pbsState }) => pbsState === "Q");
  });
  return stage;
}

function push(stage: Stage, name: string, runsOn: string[], steps: typeof LONG): void {
  stage.github.push({ repository: "climate-model", name: "ci", jobs: [{ name, runsOn, steps }] });
}

function run(stage: Stage, ...args: string[]) {
  // CI makes some libraries colour what is piped.
  return hpcRunners(args, { ...stage.environment, CI: "true", TZ: "UTC" }, stage.directory);
}

/** Of every file of the state directory itself. */
function digests(stage: Stage): Record<string, string> {
  const directory = join(stage.directory, "state/hpc-runners");
  const files = readdirSync(directory, { withFileTypes: true }).filter((each) => each.isFile());
  return Object.fromEntries(
    files.map(({ name }) => {
      const bytes = readFileSync(join(directory, name));
      return [name, createHash("sha256").update(bytes).digest("hex")];
    }),
  );
}

describe("a running instance", () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await begin();
  });
  afterAll(() => stage.close());

  it("is asked for its jobs, its allocations and its state", async () => {
    const jobs = await run(stage, "jobs");
    expect(jobs.errors).toBe("");
    expect(jobs.output).not.toMatch(/[\u001b│…]/);
    const [head, ...lines] = jobs.output.split("\n");
    expect(head).toMatch(/^WORKFLOW JOB +PBS JOB +STATE +POOL +RUNNER +QUEUE WAIT +RUN TIME$/);
    expect(lines[0]).toMatch(
      /^climate-model · long +1\.vm +in progress +derecho +ghr-\S+-1 +[\d:]+ +[\d:]+$/,
    );
    expect(lines[1]).toMatch(/^climate-model · waits +– +queued +derecho +– +[\d:]+ +–$/);
    expect(lines[2]).toMatch(/^climate-model · odd +– +refused +– +– +– +–$/);
    expect(jobs.output).toMatch(/climate-model · waits: Not Running: /);
    expect(jobs.output).toMatch(
      /climate-model · odd: No pool answers to runs-on \[quantum, self-hosted\]/,
    );
    expect(jobs.output).not.toContain("· over");

    const all = await run(stage, "jobs", "--all", "--json");
    const listed = JSON.parse(all.output) as { instance: object; total: number; jobs: JobView[] };
    expect(listed.instance).toMatchObject({ pid: expect.any(Number) });
    expect(listed.total).toBe(4);
    expect(listed.jobs.map(({ name, status }) => `${name} ${status}`)).toEqual([
      "over completed",
      "long in_progress",
      "waits queued",
      "odd refused",
    ]);
    const newest = await run(stage, "jobs", "--all", "--limit", "1");
    expect(newest.output).toContain("· odd");
    expect(newest.output).not.toContain("· waits");
    expect(newest.errors).toBe("The newest 1 of 4; --limit shows more.");

    const allocations = await run(stage, "allocations");
    expect(allocations.output.split("\n").slice(1, 3)).toEqual([
      expect.stringMatching(
        /^ghr-\S+ +1\.vm +serving \(PBS R\) +derecho +vm +climate-model · long /,
      ),
      expect.stringMatching(/^ghr-\S+ +2\.vm +pending \(PBS Q\) +derecho +– +– /),
    ]);
    expect((await run(stage, "allocations", "--all")).output).toMatch(/0\.vm +ended .* · over /);

    const status = await run(stage, "status");
    expect(status.code).toBe(0);
    expect(status.output).toMatch(/^hpc-runners \S+ runs on \S+ \(process \d+\) since .* at http:/);
    expect(status.output).toMatch(/^derecho +1 +1 +1 +0 +1 +0 +10$/m);
    expect(status.output).toContain("1 queued job is refused: hpc-runners jobs says why.");
    expect(status.output).toContain("Nothing is paused.");
  });

  it("shows everything that is known of an allocation, by its name and by PBS's id", async () => {
    const byId = await run(stage, "allocations", "show", "0");
    expect(byId.code).toBe(0);
    const [, name = ""] = /^(ghr-\w+)$/m.exec(byId.output) ?? [];
    for (const line of [
      /^ {2}pool +derecho$/m,
      /^ {2}labels +\[derecho, self-hosted\]$/m,
      /^ {2}asks for +select=1:ncpus=1, walltime=00:10:00, queue of the server's choice$/m,
      /^ {2}registered in +hpc-research, runner group Default \(installation \d+\)$/m,
      /^ {2}state +ended$/m,
      /^ {2}submission +accepted, begun \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \([\d:]+ ago\)$/m,
      /^ {2}PBS job +0\.vm$/m,
      /^ {2}turns +asked for a runner 1×, was given one 1×, reported its end 1×$/m,
      /^ {2}ended +\d{4}-.* ago\)$/m,
      /^ {2}why +\S.*$/m,
      /^ {2}its output +\/.*\/logs\/0\.vm\.OU$/m,
      /^ghr-\w+-1 +1 +gone .*climate-model · over +success +\d+, exited: /m,
    ]) {
      expect(byId.output).toMatch(line);
    }
    const byName = await run(stage, "allocations", "show", name, "--json");
    const { allocations } = JSON.parse(byName.output) as { allocations: AllocationRecord[] };
    expect(allocations).toMatchObject([
      { allocation: { name, pbsJobId: "0.vm" }, runners: [{ job: { name: "over" } }] },
    ]);
    expect((await run(stage, "allocations", "show", "0.vm")).output).toContain(name);

    const unknown = await run(stage, "allocations", "show", "../0");
    expect(unknown.code).toBe(1);
    expect(unknown.errors).toContain('No allocation has the name or the PBS job id "../0"');
  });

  it("that cannot be asked is said to run, and its store is read beside it", async () => {
    // As it is where `probot run` listens.
    rmSync(join(stage.directory, "state/hpc-runners/api.json"));
    const { code, output } = await run(stage, "status");
    expect(code).toBe(0);
    expect(output).toMatch(
      /^The instance of process \d+ cannot be asked \(it was started by probot run, which has no API\): this is what it wrote down\./,
    );
    expect(output).toMatch(/^derecho +1 +1 /m);
  });
});

test.each(["SIGTERM", "SIGKILL"] as const)(
  "after a %s what the last instance wrote down is shown, and left as it is",
  async (signal) => {
    const stage = await begin();
    onTestFinished(() => stage.close());
    await stage.stop(signal);
    const before = digests(stage);

    const jobs = await run(stage, "jobs");
    expect(jobs.code).toBe(0);
    expect(jobs.errors).toBe("No instance runs: this is what the last one wrote down.");
    expect(jobs.output).toMatch(/· long +1\.vm +in progress /);
    const status = await run(stage, "status");
    expect(status.code).toBe(3);
    expect(status.output).toMatch(/^No instance runs: .*\n\nPOOL /);
    expect((await run(stage, "allocations", "show", "1.vm")).output).toContain("serving");

    expect(digests(stage)).toEqual(before);
    await stage.start();
  },
);

test("where nothing was ever started that is said", async () => {
  const stage = await Stage.prepare({ scene: prototypeScene });
  onTestFinished(() => stage.close());
  const { code, errors } = await run(stage, "jobs");
  expect(code).toBe(1);
  expect(errors).toMatch(/^No instance runs, and there is no store in \S+: .*XDG_STATE_HOME\)\.$/);
});
