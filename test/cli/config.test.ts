import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { describe, expect, it } from "vitest";
import { programOf } from "../../src/emulator/program.ts";
import { temporaryDirectory } from "../helpers/directory.ts";

const FILE = `
pools:
  derecho:
    labels: [self-hosted, derecho]
    walltime: 30m
    account: NCAR0001
    resources: { ncpus: { default: 4, max: 128 } }
  gpu:
    labels: [self-hosted, derecho, gpu]
    walltime: 1h
    allocation_walltime: 4h
`;

async function run(text: string, ...words: string[]) {
  const directory = temporaryDirectory();
  const file = join(directory, "hpc-runners.yml");
  writeFileSync(file, text);
  const [node, ...args] = programOf(import.meta.url, "../../src/cli/main");
  return execa(node, [...args, "config", ...words], {
    env: { HPC_RUNNERS_CONFIG: file, XDG_STATE_HOME: directory, NO_COLOR: "1" },
    reject: false,
  });
}

describe("hpc-runners config check", () => {
  it("says that a file is good", async () => {
    const { exitCode, stdout } = await run(FILE, "check");
    expect(stdout).toMatch(/hpc-runners\.yml is good: pools derecho, gpu\.$/);
    expect(exitCode).toBe(0);
  });

  it("says all that is wrong with one", async () => {
    const { exitCode, stderr } = await run(`${FILE}    priorty: 2\n`, "check");
    expect(stderr).toContain("has 1 mistake");
    expect(stderr).toContain("did you mean priority?");
    expect(exitCode).toBe(1);
  });
});

describe("hpc-runners config explain", () => {
  it("tells the pool, why, what is asked for, and the qsub that follows", async () => {
    const { exitCode, stdout } = await run(FILE, "explain", "self-hosted", "Derecho", "ncpus=8");
    expect(stdout).toContain("runs-on  [derecho, ncpus=8, self-hosted]");
    expect(stdout).toContain("pool     derecho takes it: has just its labels");
    expect(stdout).toContain("request  ncpus=8 (asked for)");
    expect(stdout).toContain("request  walltime=00:30:00 (default)");
    expect(stdout).toContain("serves   one job");
    expect(stdout).toContain(
      "-A NCAR0001 -l select=1:ncpus=8 -l walltime=00:30:00 -j oe -k oed -o /",
    );
    expect(exitCode).toBe(0);
  });

  it("tells what an allocation lasts where it may take further jobs", async () => {
    const { stdout } = await run(FILE, "explain", "derecho", "gpu");
    expect(stdout).toContain("serves   further jobs (same-repository)");
    expect(stdout).toContain("-l walltime=04:00:00");
  });

  it("tells the refusal, with exit code 1, also to programs", async () => {
    const refused = await run(FILE, "explain", "derecho", "ncpus=129");
    expect(refused.stdout).toContain('The label "ncpus=129" is over the pool\'s ceiling of 128');
    expect(refused.exitCode).toBe(1);
    const json = await run(FILE, "explain", "--json", "nowhere");
    expect(JSON.parse(json.stdout)).toMatchObject({
      labels: ["nowhere"],
      outcome: { kind: "refused", reason: expect.stringContaining("No pool answers") as string },
    });
  });
});
