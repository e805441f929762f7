#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { Command } from "commander";
import { ConfigurationError } from "../config/mistake.ts";
import { EnvironmentError } from "../config/environment/reader.ts";
import { StoreError } from "../store/errors.ts";
import { ReleaseError } from "../runner/release/error.ts";
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

addRunnerCommands(program);

try {
  await program.parseAsync();
} catch (error) {
  // What a person can mend is told in words; anything else is a fault of ours, with its stack.
  const forPeople =
    error instanceof ConfigurationError ||
    error instanceof EnvironmentError ||
    error instanceof ReleaseError ||
    error instanceof StoreError ||
    (error instanceof Error && "syscall" in error);
  console.error(forPeople ? error.message : error);
  process.exitCode = 1;
}
