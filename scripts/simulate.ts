/** `npm run simulate -- --seeds 100000 [--from N]` tries many histories on all cores; `--seed N` replays one and tells it. */
import { Command, InvalidArgumentError } from "commander";
import { FAULTS } from "../test/simulation/faults.ts";
import { simulateMany, type Tally } from "../test/simulation/search/many.ts";
import { scenarioOf } from "../test/simulation/scenario.ts";
import { report, shrink } from "../test/simulation/search/shrink.ts";
import { simulate } from "../test/simulation/simulation.ts";

const options = new Command("simulate")
  .option("--seed <number>", "replay one history and tell it", toInteger)
  .option("--seeds <number>", "how many histories", toInteger, 2_000)
  .option("--from <number>", "the first seed", toInteger, 0)
  .option("--faults", "tell how often each fault struck", false)
  .parse()
  .opts<{
    readonly seed?: number;
    readonly seeds: number;
    readonly from: number;
    readonly faults: boolean;
  }>();

if (options.seed === undefined) await many(options.from, options.seeds);
else await one(options.seed);

async function one(seed: number): Promise<void> {
  const scenario = scenarioOf(seed);
  const outcome = await simulate(scenario);
  console.log(report(outcome.violation ? await shrink(scenario, outcome) : { scenario, outcome }));
  process.exitCode = outcome.violation ? 1 : 0;
}

async function many(from: number, count: number): Promise<void> {
  const { isTTY } = process.stderr;
  const tally = await simulateMany(from, count, (histories) => {
    if (isTTY) process.stderr.write(`\r${histories} of ${count} histories`);
  });
  if (isTTY) process.stderr.write("\r\u001b[K");
  if (options.faults) tellFaults(tally);
  const rate = `${tally.histories} histories, ${(tally.histories / tally.seconds).toFixed(0)} a second`;
  if (tally.failure === null) {
    console.log(`${rate}: every invariant held`);
    return;
  }
  console.log(`${rate}\n${tally.failure}`);
  process.exitCode = 1;
}

function tellFaults({ struck }: Tally): void {
  for (const fault of FAULTS)
    console.log(`${String(struck.get(fault) ?? 0).padStart(8)}  ${fault}`);
}

function toInteger(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0) throw new InvalidArgumentError("a whole number");
  return number;
}
