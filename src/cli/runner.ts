import type { Command } from "commander";

/** `hpc-runners runner …`: the releases of GitHub's runner that allocations use. */
export function addRunnerCommands(program: Command): void {
  const runner = program
    .command("runner")
    .description("the releases of GitHub's runner that allocations use");

  runner
    .command("install")
    .description("install the release that GitHub wants, and let allocations use it")
    .option("--arch <x64|arm64>", "of the compute nodes; default: that of this machine")
    .option("--version <version>", "another release than the one GitHub wants, such as 2.336.0")
    .option("--from <file>", "an archive on this machine, for sites that cannot download")
    .option("--sha256 <digits>", "what the archive's checksum must be, if not what GitHub says")
    .option("--unverified", "install it even if nobody says what its checksum must be", false)
    .option("--mirror <url>", "download from here (runner.mirror in hpc-runners.yml)")
    .action(async (options) => (await import("./runner/install.ts")).installRunner(options));

  runner
    .command("list")
    .description("what is installed, and what is used")
    .action(async () => (await import("./runner/list.ts")).listRunners());

  runner
    .command("prune")
    .description("remove old releases; two of each architecture stay, and what allocations may use")
    .action(async () => (await import("./runner/prune.ts")).pruneRunners());
}
