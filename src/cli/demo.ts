import { InvalidArgumentError } from "commander";
import logUpdate from "log-update";
import color from "picocolors";
import { setTimeout as wait } from "node:timers/promises";
import { prototypeScene, troublesScene } from "../demo/scene.ts";
import { isNothingLeft, Stage } from "../demo/stage.ts";
import { summarize } from "../demo/summary.ts";
import { troublesOf, type Trouble } from "../demo/troubles.ts";
import { MINUTE } from "../domain/time.ts";
import { findCommand } from "../pbs/command.ts";
import { jobTable } from "../status/job-table.ts";
import { screenOf } from "../status/screen.ts";
import type { Overview } from "../status/overview.ts";

export interface DemoOptions {
  readonly pbs: boolean;
  readonly troubles: boolean;
}

/** A real PBS may let jobs wait; the emulated one does not. */
const PATIENCE = { emulated: 3 * MINUTE, real: 30 * MINUTE };

/** Shows the program at work, and says at the end whether all went as it should: exit code 0 only then. */
export async function demo(options: DemoOptions): Promise<void> {
  if (options.pbs && options.troubles) {
    throw new InvalidArgumentError("--troubles needs the emulated PBS: leave out --pbs");
  }
  const qsub = await findCommand("qsub", null, process.env["PATH"] ?? "");
  if (options.pbs && qsub.path === null) {
    throw new InvalidArgumentError(`${qsub.reason}: leave out --pbs for an emulated PBS`);
  }
  const scene = options.troubles ? troublesScene : prototypeScene;
  const stage = await Stage.prepare({ scene, realPbs: options.pbs });
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort()).once("SIGTERM", () => stop.abort());
  const began = Date.now();
  let good = false;
  try {
    const pbs = options.pbs ? `the PBS of this machine (${qsub.path})` : "an emulated PBS";
    console.log(`hpc-runners, an emulated GitHub, and ${pbs}. Log: ${stage.logFile}\n`);
    await stage.start();
    const troubles = options.troubles ? troublesOf(stage) : [];
    await troubles[0]?.begin();
    for (const workflow of scene.workflows) stage.github.push(workflow);
    const patience = options.pbs ? PATIENCE.real : PATIENCE.emulated;
    const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(patience)]);
    const last = await watch(stage, troubles, signal);
    const ms = Date.now() - began;
    const summary = await summarize(stage, last, { ms, troubles: options.troubles });
    console.log(summary.text);
    ({ good } = summary);
  } catch (error) {
    // A terminal's ^C is for the program on the stage too, which then answers no more.
    if (!stop.signal.aborted) throw error;
  } finally {
    const keepFiles = !good && !stop.signal.aborted;
    await stage.close({ keepFiles });
    if (keepFiles) console.log(color.yellow(`What went on is kept in ${stage.directory}`));
  }
  process.exitCode = good ? 0 : 1;
}

/** Shows the table until nothing is left to do. Each trouble lasts until the program has said that it noticed. */
async function watch(
  stage: Stage,
  troubles: readonly Trouble[],
  signal: AbortSignal,
): Promise<Overview> {
  const live = process.stdout.isTTY;
  let [current, ...coming] = troubles;
  for (;;) {
    const overview = await stage.overview();
    const noticed = current?.noticed(overview) ?? null;
    if (current && noticed !== null) {
      if (live) logUpdate.clear();
      console.log(`${color.yellow("!")} ${current.what}: "${noticed}"`);
      await current.end();
      [current, ...coming] = coming;
      await current?.begin();
    }
    const table = jobTable(overview.jobs.toReversed(), overview.at, screenOf(process.stdout));
    if (live) logUpdate(table);
    if (signal.aborted || (await isQuiet(stage, overview))) {
      if (live) logUpdate.done();
      else console.log(table);
      return overview;
    }
    await wait(200, undefined, { signal }).catch(() => undefined);
  }
}

/** Every job is over or refused, and nothing of ours is left. */
async function isQuiet(stage: Stage, overview: Overview): Promise<boolean> {
  const { jobs, allocations } = overview;
  const over =
    jobs.length === stage.github.jobs().length &&
    jobs.every(({ status }) => status === "completed" || status === "refused") &&
    allocations.every(({ phase }) => phase === "ended");
  return over && isNothingLeft(await stage.leftovers(overview));
}
