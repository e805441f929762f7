#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { isMendable } from "../mendable.ts";
import { VERSION } from "../version.ts";
import { addListOptions } from "./list.ts";
import { addRunnerCommands } from "./runner.ts";
import { exitCodeOf } from "./start-exit-code.ts";

// Each command is loaded when it is given: one that only looks is not to wait for what listens, submits and serves.
const program = new Command("hpc-runners")
  .description("GitHub Actions on HPC clusters: PBS allocations with just-in-time runners.")
  .version(VERSION)
  // What follows a command is its own: `allocations show X --json`, `runner install --version`.
  .enablePositionalOptions()
  .showHelpAfterError();

program
  .command("start")
  .description("hear of workflow jobs and serve them until SIGTERM or SIGINT")
  .action(async () => {
    try {
      const { start } = await import("./start.ts");
      await start();
    } catch (error) {
      process.exitCode = exitCodeOf(error);
      throw error;
    }
  });

program
  .command("demo")
  .description("see it work: the real program, an emulated GitHub, and an emulated or your own PBS")
  .option("--pbs", "use the qsub on PATH instead of an emulated PBS", false)
  .option("--troubles", "show what becomes of what cannot work", false)
  .action(async (options) => (await import("./demo.ts")).demo(options));

program
  .command("status")
  .description("is an instance running, how do its pools fare, what is paused and why")
  .option("--json", "as JSON, for programs", false)
  .action(async (options) => (await import("./status.ts")).status(options));

addListOptions(program.command("jobs"), "workflow jobs")
  .description("workflow jobs that wait or run, and why they wait")
  .action(async (options) => (await import("./jobs.ts")).jobs(options));

const listAllocations = addListOptions(program.command("allocations"), "allocations")
  .description("allocations that wait in PBS or run")
  .enablePositionalOptions()
  .action(async (options) => (await import("./allocations.ts")).allocations(options));

listAllocations
  .command("show <name-or-pbs-job-id>")
  .description("everything that is known of one allocation")
  .option("--json", "as JSON, for programs", false)
  .action(async (key, options) => {
    const { showAllocation } = await import("./allocations.ts");
    await showAllocation(key, options);
  });

const config = program.command("config").description("look at hpc-runners.yml");
config
  .command("check")
  .description("say whether it can be used, or all its mistakes")
  .argument("[file]", "default: the one that start would use")
  .action(async (file) => (await import("./config-check.ts")).configCheck(file));
config
  .command("explain")
  .description("say which pool takes a job with these labels, why, and the qsub that follows")
  .argument("<labels...>", "as they stand in runs-on")
  .option("--file <file>", "default: the one that start would use")
  .option("--json", "for programs")
  .action(async (labels, options) => {
    const { configExplain } = await import("./config-explain.ts");
    configExplain(labels, options);
  });
addRunnerCommands(program);

// Whoever reads our output may have seen enough: `hpc-runners jobs --all | head`.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit();
});

try {
  await program.parseAsync();
} catch (error) {
  const mendable = isMendable(error) || error instanceof CommanderError;
  console.error(mendable ? error.message : error);
  process.exitCode ??= 1;
}
