import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { execa } from "execa";
import { Stage } from "../../src/demo/stage.ts";
import { qsubArguments } from "../../src/pbs/qsub.ts";
import { submissionWith } from "../../test/helpers/submission.ts";
import { until } from "../../test/helpers/until.ts";
import { quantileOf, spreadOf, type Benchmark, type Figure } from "./figure.ts";

const JOBS = 25;
/** Not counted: the program's code is still being compiled. */
const WARM_UP = 10;
/** Between two jobs: each is to find the program at rest. */
const PAUSE = 150;

/** Milliseconds of each job in one round. */
interface Round {
  readonly whole: readonly number[];
  readonly qsub: readonly number[];
}

export const latency: Benchmark = {
  name: "latency",
  about: `from a webhook to the job id that qsub printed, ${JOBS} jobs a round, one at a time; the qsub does nothing but read the script`,
  async run(rounds) {
    const seen: Round[] = [];
    for (let round = 0; round < rounds; round++) seen.push(await measureAnew());
    return figuresOf(seen);
  },
};

/** A new program each round. PBS does not know what this qsub accepts: so it is not asked meanwhile. */
async function measureAnew(): Promise<Round> {
  const stage = await Stage.prepare({
    scene: { organization: "hpc-research", repositories: ["climate-model"] },
    pool: { max_allocations: 10_000 },
    statusInterval: "5m",
  });
  try {
    const qsub = writeQsub(stage);
    await stage.start();
    await measure(stage, qsub, WARM_UP);
    return await measure(stage, qsub, JOBS);
  } finally {
    await stage.close();
  }
}

function figuresOf(rounds: readonly Round[]): Figure[] {
  const [median, p95] = [
    (times: readonly number[]): number => spreadOf(times).median,
    (times: readonly number[]): number => quantileOf(times, 0.95),
  ];
  const baseline = (of: typeof median) => ({
    name: "ms qsub alone",
    samples: rounds.map(({ qsub }) => of(qsub)),
  });
  const added = rounds.map(({ whole, qsub }) => median(whole) - median(qsub));
  return [
    {
      name: "webhook to qsub accepted, median",
      unit: "ms",
      samples: rounds.map(({ whole }) => median(whole)),
      baseline: baseline(median),
    },
    {
      name: "webhook to qsub accepted, 95th percentile",
      unit: "ms",
      samples: rounds.map(({ whole }) => p95(whole)),
      baseline: baseline(p95),
    },
    {
      name: "added by us, median",
      unit: "ms",
      samples: added,
      goal: { of: "median", at: "most", value: 50 },
    },
  ];
}

/** In place of the emulated `qsub`, a program of Node that costs more than all that is measured here. */
function writeQsub(stage: Stage): string {
  if (!stage.pbs) throw new Error("No emulated PBS");
  const path = join(stage.pbs.binDirectory, "qsub");
  writeFileSync(path, `#!/bin/sh\n/bin/cat >/dev/null\necho "$$.vm"\n`);
  chmodSync(path, 0o700);
  return path;
}

async function measure(stage: Stage, qsub: string, jobs: number): Promise<Round> {
  const whole: number[] = [];
  const alone: number[] = [];
  for (let turn = 0; turn < jobs; turn++) {
    await wait(PAUSE);
    whole.push(await measureOne(stage));
    await wait(PAUSE);
    alone.push(await spawnAlone(stage, qsub));
  }
  return { whole, qsub: alone };
}

async function measureOne(stage: Stage): Promise<number> {
  const before = submissions(stage).length;
  const began = performance.timeOrigin + performance.now();
  const definition = { name: "job", runsOn: ["self-hosted", "derecho"], steps: [] };
  stage.github.push({ repository: "climate-model", name: "ci", jobs: [definition] });
  const at = await until("a submission", () => submissions(stage)[before]);
  return Math.max(0, at - began);
}

/** When the program said so, in milliseconds since the epoch. */
function submissions(stage: Stage): readonly number[] {
  const lines = readFileSync(stage.logFile, "utf8").split("\n");
  return lines
    .filter((line) => line.includes('"Allocations submitted"'))
    .map((line) => Date.parse(/"time":"([^"]+)"/.exec(line)?.[1] ?? ""));
}

/** The same command with a script of the same size. */
async function spawnAlone(stage: Stage, qsub: string): Promise<number> {
  const args = qsubArguments(submissionWith({ name: "ghr-alone", logDirectory: stage.directory }));
  const input = "#".repeat(20_000);
  const began = performance.now();
  await execa(qsub, args, { input, cwd: stage.directory, env: stage.environment });
  return performance.now() - began;
}
