#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { Command, CommanderError } from "commander";
import { isMendable } from "../mendable.ts";
import { configCheck } from "./config-check.ts";
import { configExplain } from "./config-explain.ts";
import { demo } from "./demo.ts";
import { addRunnerCommands } from "./runner.ts";
import { start } from "./start.ts";

const manifest: unknown = JSON.parse(
  readFileSync(new URL("../../package.json", import.meta.url), "utf8"),
);
const version =
  typeof manifest === "object" && manifest !== null && "version" in manifest
    ? String(manifest.version)
    : "unknown";

const program = new Command("hpc-runners")
  .description("GitHub Actions on HPC clusters: PBS allocations with just-in-time runners.")
  .version(version)
  // `runner install --version` is not ours.
  .enablePositionalOptions()
  .showHelpAfterError();

program
  .command("start")
  .description("hear of workflow jobs and serve them until SIGTERM or SIGINT")
  .action(() => start());

program
  .command("demo")
  .description("see it work: the real program, an emulated GitHub, and an emulated or your own PBS")
  .option("--pbs", "use the qsub on PATH instead of an emulated PBS", false)
  .option("--troubles", "show what becomes of what cannot work", false)
  .action(demo);

const config = program.command("config").description("look at hpc-runners.yml");
config
  .command("check")
  .description("say whether it can be used, or all its mistakes")
  .argument("[file]", "default: the one that start would use")
  .action(configCheck);
config
  .command("explain")
  .description("say which pool takes a job with these labels, why, and the qsub that follows")
  .argument("<labels...>", "as they stand in runs-on")
  .option("--file <file>", "default: the one that start would use")
  .option("--json", "for programs")
  .action(configExplain);
addRunnerCommands(program);

try {
  await program.parseAsync();
} catch (error) {
  const mendable = isMendable(error) || error instanceof CommanderError;
  console.error(mendable ? error.message : error);
  process.exitCode = 1;
}
