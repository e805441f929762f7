import { fork } from "node:child_process";
import { availableParallelism } from "node:os";
import { z } from "zod";
import { programOf } from "../../../src/emulator/program.ts";
import { FAULTS, type Fault } from "../faults.ts";
import { scenarioOf } from "../scenario.ts";
import { report, shrink } from "./shrink.ts";
import { simulate } from "../simulation.ts";

/** What came of a range of seeds. */
export interface Tally {
  readonly histories: number;
  readonly seconds: number;
  readonly struck: ReadonlyMap<Fault, number>;
  /** The first failure found, told for people; `null` if every invariant held. */
  readonly failure: string | null;
}

/** Seeds that a process tries before it is given more: small, so that all end at about the same time. */
const BATCH = 50;

/** What a process says of one batch. */
const Batch = z.object({
  histories: z.number(),
  struck: z.array(z.tuple([z.enum(FAULTS), z.number()])),
  failure: z.string().nullable(),
});
export type Batch = z.infer<typeof Batch>;

/** Tries `count` seeds from `first`, one process a core. Ends at the first failure, with its shortest history. */
export async function simulateMany(
  first: number,
  count: number,
  onProgress: (histories: number) => void = () => undefined,
): Promise<Tally> {
  const began = performance.now();
  const struck = new Map<Fault, number>();
  let next = first;
  let histories = 0;
  let failure: string | null = null;

  function take(): { readonly from: number; readonly to: number } | null {
    if (next >= first + count || failure !== null) return null;
    const from = next;
    next = Math.min(first + count, from + BATCH);
    return { from, to: next };
  }

  function add(batch: Batch): void {
    histories += batch.histories;
    failure ??= batch.failure;
    for (const [fault, times] of batch.struck) struck.set(fault, (struck.get(fault) ?? 0) + times);
    onProgress(histories);
  }

  const workers = Math.min(availableParallelism(), Math.ceil(count / BATCH));
  await Promise.all(Array.from({ length: workers }, () => work(take, add)));
  return { histories, seconds: (performance.now() - began) / 1000, struck, failure };
}

/** One process, given one batch after another until there is none. */
function work(
  take: () => { readonly from: number; readonly to: number } | null,
  add: (batch: Batch) => void,
): Promise<void> {
  const [, ...words] = programOf(import.meta.url, "./worker");
  const module = words.at(-1) ?? "";
  // Histories are short-lived objects by the thousand: a larger nursery makes them cheap.
  const execArgv = [...words.slice(0, -1), "--max-semi-space-size=64"];
  const child = fork(module, { execArgv, serialization: "json" });
  return new Promise((resolve, reject) => {
    function give(): void {
      const batch = take();
      if (batch) child.send(batch);
      else child.disconnect();
    }
    child.on("message", (message) => {
      add(Batch.parse(message));
      give();
    });
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      if (code === 0) resolve();
      else reject(new Error(`A process of the simulation ended with ${signal ?? code}`));
    });
    give();
  });
}

/** Tries the seeds from `from` up to `to`, which is left out, in this process. */
export async function simulateBatch(from: number, to: number): Promise<Batch> {
  const struck = new Map<Fault, number>();
  let histories = 0;
  let failure: string | null = null;
  for (let seed = from; seed < to && failure === null; seed++) {
    const scenario = scenarioOf(seed);
    const outcome = await simulate(scenario);
    histories += 1;
    for (const [fault, times] of outcome.struck) {
      struck.set(fault, (struck.get(fault) ?? 0) + times);
    }
    if (outcome.violation) failure = report(await shrink(scenario, outcome));
  }
  return { histories, struck: [...struck], failure };
}
