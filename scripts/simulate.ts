/** `npm run simulate -- --seeds 2000 [--from N]` tries many histories; `--seed N` replays one and tells it. */
import { Command, InvalidArgumentError } from "commander";
import { scenarioOf } from "../test/simulation/scenario.ts";
import { report, shrink } from "../test/simulation/shrink.ts";
import { simulate } from "../test/simulation/simulation.ts";

const options = new Command("simulate")
  .option("--seed <number>", "replay one history and tell it", toInteger)
  .option("--seeds <number>", "how many histories", toInteger, 2_000)
  .option("--from <number>", "the first seed", toInteger, 0)
  .parse()
  .opts<{ readonly seed?: number; readonly seeds: number; readonly from: number }>();

if (options.seed === undefined) await many(options.from, options.seeds);
else await one(options.seed);

async function one(seed: number): Promise<void> {
  const scenario = scenarioOf(seed);
  const outcome = await simulate(scenario);
  console.log(report(outcome.violation ? await shrink(scenario, outcome) : { scenario, outcome }));
  process.exitCode = outcome.violation ? 1 : 0;
}

async function many(from: number, count: number): Promise<void> {
  const began = performance.now();
  for (let seed = from; seed < from + count; seed++) {
    const scenario = scenarioOf(seed);
    const outcome = await simulate(scenario);
    if (!outcome.violation) continue;
    console.log(report(await shrink(scenario, outcome)));
    process.exitCode = 1;
    return;
  }
  const seconds = (performance.now() - began) / 1000;
  console.log(`${count} histories, every invariant held: ${(count / seconds).toFixed(1)} a second`);
}

function toInteger(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 0) throw new InvalidArgumentError("a whole number");
  return number;
}
