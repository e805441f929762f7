import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { countCalls } from "../../src/demo/calls.ts";
import { Stage } from "../../src/demo/stage.ts";
import { until } from "../../test/helpers/until.ts";
import type { Benchmark, Figure } from "./figure.ts";

const WORKFLOWS = 10;
const JOBS_EACH = 10;
const JOBS = WORKFLOWS * JOBS_EACH;
const LIMIT = 600_000;
const COMMANDS = ["qsub", "qstat", "qselect", "qdel"] as const;

export const calls: Benchmark = {
  name: "calls",
  about: `what ${JOBS} jobs cost GitHub and PBS, on the whole road; counted once, whatever the rounds`,
  async run() {
    return [
      ...(await count("reuse never", { reuse: "never" })),
      ...(await count("reuse lane", { reuse: "lane", allocation_walltime: "1h", idle: "5s" })),
    ];
  },
};

async function count(name: string, policy: Readonly<Record<string, unknown>>): Promise<Figure[]> {
  const stage = await Stage.prepare({
    scene: { organization: "hpc-research", repositories: ["climate-model"] },
    pool: { max_allocations: JOBS, ...policy },
    pbs: { ncpus: 8, queueWait: () => 500 },
  });
  try {
    const log = logCommands(stage);
    await stage.start();
    await untilStill(stage);
    for (let each = 0; each < WORKFLOWS; each++) {
      stage.github.push({
        repository: "climate-model",
        name: `workflow-${each}`,
        jobs: Array.from({ length: JOBS_EACH }, (_, index) => ({
          name: `job-${index}`,
          runsOn: ["self-hosted", "derecho"],
          steps: [{ name: "Nothing", run: "true" }],
        })),
      });
    }
    await until("all is over", () => isOver(stage), LIMIT);
    return figuresOf(name, stage, readFileSync(log, "utf8").split("\n"));
  } finally {
    await stage.close();
  }
}

/** It looks for what it missed: what is queued meanwhile it would find twice. */
async function untilStill({ github }: Stage): Promise<void> {
  const total = (): number => [...github.calls.values()].reduce((sum, each) => sum + each, 0);
  for (let before = -1; before !== total() || before === 0;) {
    before = total();
    await wait(2_000);
  }
}

function isOver(stage: Stage): boolean {
  const { github, pbs } = stage;
  return (
    github.jobs().every(({ conclusion }) => conclusion === "success") &&
    github.runners().length === 0 &&
    (pbs?.jobs() ?? []).every(({ state }) => state === "F")
  );
}

function figuresOf(name: string, stage: Stage, log: readonly string[]): Figure[] {
  const { forJobs, atStart } = countCalls(stage.github.calls);
  const times = COMMANDS.map((command) => log.filter((line) => line === command).length);
  const perJob = (total: number, what: string, note: string): Figure => ({
    name: `${name}: ${what} a job`,
    unit: "",
    samples: [total / JOBS],
    note,
  });
  const shown = COMMANDS.map((command, index) => `${times[index]} ${command}`).join(", ");
  const all = times.reduce((sum, each) => sum + each, 0);
  return [
    {
      ...perJob(forJobs, "GitHub calls", `${forJobs} calls; besides, ${atStart} at the start.`),
      goal: { of: "median", at: "most", value: 1.1 },
    },
    perJob(all, "PBS calls", `${shown}; qstat once in 2 s while anything lives, whatever it is.`),
  ];
}

/** Each emulated command first writes its name into a file. @returns the file. */
function logCommands({ pbs, directory }: Stage): string {
  const log = join(directory, "commands");
  writeFileSync(log, "");
  for (const command of COMMANDS) {
    const path = join(pbs?.binDirectory ?? "", command);
    const script = readFileSync(path, "utf8");
    writeFileSync(path, script.replace("\n", `\necho ${command} >>'${log}'\n`));
  }
  return log;
}
