import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { onTestFailed, onTestFinished } from "vitest";
import { parse, stringify } from "yaml";
import { prototypeScene } from "../../src/demo/scene.ts";
import { Stage, type StageOptions } from "../../src/demo/stage.ts";
import { programOf } from "../../src/emulator/program.ts";
import type { EmulatedRun } from "../../src/emulator/github/state.ts";

export const MINT = "POST /orgs/{org}/actions/runners/generate-jitconfig";

/** The real program on a stage, which is taken down after the test, and told of if it fails. */
export async function prepare(options: Partial<StageOptions> = {}): Promise<Stage> {
  const stage = await Stage.prepare({
    scene: prototypeScene,
    lostAfter: 500,
    program: programOf(import.meta.url, "./program"),
    ...options,
  });
  onTestFinished(() => stage.close());
  onTestFailed(async () => console.error(await readFile(stage.logFile, "utf8").catch(String)));
  return stage;
}

/** Pools besides the stage's own, before it is started. */
export async function addPools(
  { directory }: Stage,
  pools: Readonly<Record<string, object>>,
): Promise<void> {
  const path = join(directory, "hpc-runners.yml");
  const settings = parse(await readFile(path, "utf8"));
  const usual = { select: "1:ncpus=1", walltime: "10m" };
  for (const [name, pool] of Object.entries(pools)) {
    settings.pools[name] = { ...usual, labels: ["self-hosted", name], ...pool };
  }
  await writeFile(path, stringify(settings));
}

export function push(stage: Stage, label = "derecho", run = "true"): EmulatedRun {
  return stage.github.push({
    repository: "climate-model",
    name: "ci",
    jobs: [{ name: "build", runsOn: ["self-hosted", label], steps: [{ name: "Step", run }] }],
  });
}

export async function logOf({ logFile }: Stage): Promise<string> {
  return readFile(logFile, "utf8").catch(() => "");
}

/** Directories of allocations that are in the handoff. */
export async function handoffs({ stateDirectory }: Stage): Promise<readonly string[]> {
  const names = await readdir(join(stateDirectory, "shared/handoff"));
  return names.filter((name) => name.startsWith("ghr-"));
}
