import { mkdtempSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { execa } from "execa";
import { pino } from "pino";
import type { NewAllocation } from "../../src/domain/action.ts";
import { LARGEST_ARRAY } from "../../src/domain/pbs-name.ts";
import { createNaming } from "../../src/domain/plan/naming.ts";
import { startPbsEmulator } from "../../src/emulator/pbs/emulator.ts";
import { createGitHubClient } from "../../src/github/client.ts";
import { createHandoff } from "../../src/handoff/directory.ts";
import { createPbs } from "../../src/pbs/driver.ts";
import type { Submission } from "../../src/pbs/pbs.ts";
import { qsubArguments } from "../../src/pbs/qsub.ts";
import { ArrayLimits } from "../../src/reconciler/array-limits.ts";
import type { NewPbsJob, Ports } from "../../src/reconciler/ports.ts";
import { SubmissionActs } from "../../src/reconciler/submission-acts.ts";
import { Store } from "../../src/store/store.ts";
import { laneIn, poolWith } from "../../test/helpers/pool.ts";
import { realPbs } from "../../test/pbs/real/found.ts";
import type { Benchmark, Figure } from "./figure.ts";

const BURST = 1_000;
/** A loop is timed over fewer jobs: a thousand would take every privileged port of the host to submit and delete. */
const LOOP = 100;

const log = pino({ level: "silent" });
/** No node is as large: nothing of it starts. */
const lane = laneIn(poolWith({ name: "burst", select: "1:ncpus=4000" }));
const script = `#!/bin/bash\n${"#".repeat(20_000)}\n`;

export const burst: Benchmark = {
  name: "burst",
  about: `${BURST} allocations, written down, each with its handoff, and submitted; beside a loop of plain qsub`,
  async run(rounds) {
    const emulator = await startPbsEmulator();
    const figures: Figure[] = [];
    try {
      figures.push(await measure("emulated PBS", emulator.binDirectory, tmpdir(), rounds));
    } finally {
      await emulator.stop();
    }
    if ("qsub" in realPbs) {
      figures.push(await measure("real PBS", null, homedir(), rounds));
    }
    return figures;
  },
};

async function measure(
  name: string,
  binDirectory: string | null,
  base: string,
  rounds: number,
): Promise<Figure> {
  const samples: number[] = [];
  const loops: number[] = [];
  // The first round is for the compiler, and for qsub's background process.
  for (let round = 0; round <= rounds; round++) {
    const directory = mkdtempSync(join(base, "hpc-burst-"));
    try {
      samples.push(await ourWay(binDirectory, directory));
      loops.push((await loopOfQsub(binDirectory, directory)) * (BURST / LOOP));
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  }
  return {
    name: `${BURST} allocations, ${name}`,
    unit: "ms",
    samples: samples.slice(1),
    baseline: { name: "ms loop of qsub", samples: loops.slice(1) },
    goal: { of: "ratio", at: "most", value: 0.5 },
    note: `the loop is of ${LOOP} jobs, and counted ${BURST / LOOP} times`,
  };
}

function describe({ name, handoffs }: NewPbsJob, directory: string): Submission {
  return {
    ...lane.request,
    name,
    members: handoffs.length,
    account: null,
    walltimeSeconds: lane.request.allocationSeconds,
    logDirectory: directory,
    script,
  };
}

async function ourWay(binDirectory: string | null, directory: string): Promise<number> {
  const store = Store.open(join(directory, "state"), Date.now());
  const pbs = createPbs({ binDirectory, log });
  const context = { store, ports: portsIn(directory, pbs), log, rules: { pools: [] } };
  const acts = new SubmissionActs(context, new ArrayLimits());
  const nonce = Math.random().toString(36).slice(2).padEnd(8, "0").slice(0, 8);
  const nameAll = createNaming({ nonce, mostInArray: LARGEST_ARRAY, arrayLimits: new Map() });
  const allocations = nameAll(lane, BURST).map((each): NewAllocation => {
    return { name: each, beneficiary: null };
  });
  const began = performance.now();
  await acts.submit({ kind: "submit", lane, allocations });
  const took = performance.now() - began;
  const submitted = store.allocations.live().flatMap(({ pbsJobId }) => pbsJobId ?? []);
  store.close();
  if (submitted.length !== BURST) throw new Error(`only ${submitted.length} were submitted`);
  await pbs.delete(submitted);
  return took;
}

const quiet = (): Promise<void> => Promise.resolve();

function portsIn(directory: string, pbs: Ports["pbs"]): Ports {
  return {
    pbs,
    github: createGitHubClient({
      octokitFor: () => Promise.reject(new Error("nothing is asked of GitHub")),
      now: Date.now,
      registerSecret: () => undefined,
    }),
    handoff: createHandoff({
      directory: join(directory, "handoff"),
      key: Buffer.alloc(32, 1),
      log,
    }),
    clock: { now: Date.now, wait: quiet },
    random: Math.random,
    describe: (job) => describe(job, directory),
    recover: quiet,
    tidy: quiet,
    refresh: () => Promise.resolve(false),
  };
}

/** As a shell script would submit the same jobs. */
async function loopOfQsub(binDirectory: string | null, directory: string): Promise<number> {
  const logs = join(directory, "logs");
  mkdirSync(logs);
  const path = join(directory, "job.sh");
  writeFileSync(path, script);
  const job = { name: "ghr-loop", lane, handoffs: ["one"] };
  const args = qsubArguments(describe(job, logs));
  const loop = `for ((turn = 0; turn < ${LOOP}; turn++)); do qsub "$@" <"$0"; done`;
  const PATH = [binDirectory ?? [], process.env["PATH"] ?? ""].flat().join(":");
  const began = performance.now();
  const { stdout } = await execa("bash", ["-c", loop, path, ...args], { env: { PATH } });
  const took = performance.now() - began;
  await createPbs({ binDirectory, log }).delete(stdout.split("\n"));
  return took;
}
