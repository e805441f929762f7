/**
 * `npm run bench [NAME...]`: measures, and prints a table; `--json FILE` writes all samples too. Each figure stands
 * beside its baseline, measured in the same rounds. Nothing here is a test: a goal that is missed is said, not an error.
 */
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Command, InvalidArgumentError } from "commander";
import type { Benchmark, Figure } from "./bench/figure.ts";
import { burst } from "./bench/burst.ts";
import { calls } from "./bench/calls.ts";
import { day } from "./bench/day.ts";
import { idle } from "./bench/idle.ts";
import { intake } from "./bench/intake.ts";
import { latency } from "./bench/latency.ts";
import { machine } from "./bench/machine.ts";
import { memory } from "./bench/memory.ts";
import { node } from "./bench/node.ts";
import { report } from "./bench/report.ts";
import { tick } from "./bench/tick.ts";

const BENCHMARKS: readonly Benchmark[] = [
  intake,
  latency,
  burst,
  calls,
  memory,
  idle,
  tick,
  day,
  node,
];

const program = new Command("bench")
  .argument("[names...]", `which: ${BENCHMARKS.map(({ name }) => name).join(", ")}; default all`)
  .option("--rounds <number>", "measurements of each figure", toInteger, 5)
  .option("--scale <number>", "of the runner's file sizes, for node", Number, 1)
  .option("--json <file>", "write all samples to a file")
  .parse();
const { rounds, scale, json } = program.opts<{
  readonly rounds: number;
  readonly scale: number;
  readonly json?: string;
}>();
const unknown = program.args.find((name) => !BENCHMARKS.some((each) => each.name === name));
if (unknown !== undefined) program.error(`there is no benchmark ${unknown}`);

// The program as it is built, and not its source, is what is measured.
process.env["HPC_RUNNERS_BUILD"] = fileURLToPath(new URL("../dist", import.meta.url));
const about = machine();
console.log(`${about.cpu}, ${about.cores} cores, ${about.memoryGb} GB, Node ${about.node}\n`);
const results: { readonly benchmark: string; readonly figures: readonly Figure[] }[] = [];
for (const benchmark of BENCHMARKS) {
  if (program.args.length > 0 && !program.args.includes(benchmark.name)) continue;
  console.log(`${benchmark.name}: ${benchmark.about}`);
  const figures = await benchmark.run(rounds, { scale });
  console.log(`${report(figures)}\n`);
  results.push({ benchmark: benchmark.name, figures });
}
if (json !== undefined) writeFileSync(json, JSON.stringify({ machine: about, results }, null, 2));

function toInteger(text: string): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < 1)
    throw new InvalidArgumentError("a whole number from 1");
  return number;
}
