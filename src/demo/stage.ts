import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { stringify } from "yaml";
import { startGitHubEmulator, type GitHubEmulator } from "../emulator/github/emulator.ts";
import { startPbsEmulator, type PbsEmulator } from "../emulator/pbs/emulator.ts";
import { writeRunnerRelease } from "../emulator/runner/release.ts";
import { fetchOverview, findAccess } from "../http/api.ts";
import { createPbs } from "../pbs/driver.ts";
import type { Overview } from "../status/overview.ts";
import type { Scene } from "./scene.ts";

export interface StageOptions {
  readonly scene: Scene;
  /** Use the `qsub` on PATH instead of an emulated PBS. */
  readonly realPbs: boolean;
}

/** What is found after the end that ought not to be there. */
export interface Leftovers {
  readonly runners: number;
  readonly allocations: number;
  readonly handoffs: number;
}

const WEBHOOK_PATH = "/api/github/webhooks";

/** The real program, as a process of its own, between an emulated GitHub and a PBS. */
export class Stage {
  readonly github: GitHubEmulator;
  /** `null` with a real PBS. */
  readonly pbs: PbsEmulator | null;
  readonly directory: string;
  readonly #program: ChildProcess;

  private constructor(
    github: GitHubEmulator,
    pbs: PbsEmulator | null,
    directory: string,
    program: ChildProcess,
  ) {
    this.github = github;
    this.pbs = pbs;
    this.directory = directory;
    this.#program = program;
  }

  /** Rejects if the program does not come up; its own words are in the message. */
  static async open({ scene, realPbs }: StageOptions): Promise<Stage> {
    // Compute nodes must see it: a home directory usually is on a shared filesystem, /tmp never.
    const directory = await mkdtemp(join(realPbs ? homedir() : tmpdir(), "hpc-runners-demo-"));
    const webhookSecret = randomBytes(16).toString("hex");
    const github = await startGitHubEmulator({ ...scene, webhookSecret, lostAfter: 5_000 });
    const pbs = realPbs ? null : await startEmulatedPbs(join(directory, "pbs"));
    await writeRunnerRelease(join(directory, "runner"));
    await mkdir(join(directory, "scratch"));
    await writeFile(join(directory, "hpc-runners.yml"), stringify(configuration(directory)));
    const program = spawnProgram(directory, {
      ...process.env,
      // Alone: a PBS of this machine must not be found instead.
      PATH: pbs?.binDirectory ?? process.env["PATH"],
      HPC_RUNNERS_CONFIG: join(directory, "hpc-runners.yml"),
      XDG_STATE_HOME: join(directory, "state"),
      APP_ID: String(github.appId),
      PRIVATE_KEY: github.privateKey,
      WEBHOOK_SECRET: webhookSecret,
      WEBHOOK_PROXY_URL: "",
      WEBHOOK_PATH,
      GHE_HOST: github.host,
      GHE_PROTOCOL: "http",
      HOST: "127.0.0.1",
      PORT: "0",
      LOG_FORMAT: "json",
      LOG_LEVEL: "info",
    });
    const stage = new Stage(github, pbs, directory, program);
    try {
      const { url } = await stage.#access();
      github.webhooks.url = new URL(WEBHOOK_PATH, url).href;
    } catch (error) {
      await stage.close();
      throw error;
    }
    return stage;
  }

  get logFile(): string {
    return join(this.directory, "hpc-runners.log");
  }

  async overview(): Promise<Overview> {
    return fetchOverview(await this.#access());
  }

  /** Stops the program as its user would. @returns its exit code. */
  async stopProgram(): Promise<number | null> {
    if (this.#program.exitCode !== null || this.#program.signalCode !== null) {
      return this.#program.exitCode;
    }
    const exited = once(this.#program, "exit");
    this.#program.kill("SIGTERM");
    await exited;
    return this.#program.exitCode;
  }

  async leftovers(overview: Overview): Promise<Leftovers> {
    const handoff = join(this.directory, "state/hpc-runners/shared/handoff");
    const entries = await readdir(handoff);
    const messages = await readdir(join(handoff, "inbox"));
    return {
      runners: this.github.runners().length,
      allocations: await this.#liveAllocations(overview),
      handoffs: entries.length - 1 + messages.length,
    };
  }

  /** Ends everything that was begun here. Files are kept if asked for. */
  async close({ keepFiles = false } = {}): Promise<void> {
    await this.stopProgram();
    await this.pbs?.stop();
    await this.github.stop();
    if (!keepFiles) await rm(this.directory, { recursive: true, force: true });
  }

  async #access() {
    for (let attempt = 0; attempt < 200; attempt++) {
      const access = findAccess(join(this.directory, "state/hpc-runners"));
      if (access) return access;
      if (this.#program.exitCode !== null) break;
      await wait(50);
    }
    throw new Error(`hpc-runners start did not come up; see ${this.logFile}`);
  }

  /** PBS itself is asked, not the program. */
  async #liveAllocations({ allocations }: Overview): Promise<number> {
    if (this.pbs) return this.pbs.jobs().filter(({ state }) => state !== "F").length;
    const ids = allocations.flatMap(({ pbsJobId }) => pbsJobId ?? []);
    const log = pino({ level: "silent" });
    const outcome = await createPbs({ binDirectory: null, log }).status(ids);
    if (outcome.kind !== "answered") throw new Error(`PBS was asked in vain: ${outcome.reason}`);
    const live = [...outcome.jobs.values()].filter((job) => job !== "absent" && job.state !== "F");
    return live.length;
  }
}

function startEmulatedPbs(directory: string): Promise<PbsEmulator> {
  return startPbsEmulator({
    directory,
    ncpus: 4,
    queueWait: (ordinal) => 500 + 150 * ordinal,
    accountHook: (account) =>
      account === "OVERDRAWN" ? "Project OVERDRAWN has used up its allocation" : null,
  });
}

function configuration(directory: string): object {
  const pool = { select: "1:ncpus=1", walltime: "10m" };
  return {
    pools: {
      derecho: { ...pool, labels: ["self-hosted", "derecho"] },
      overdrawn: { ...pool, labels: ["self-hosted", "overdrawn"], account: "OVERDRAWN" },
    },
    directories: { runner: join(directory, "runner"), scratch: join(directory, "scratch") },
    pbs: { status_interval: "2s", cache_age: "0s" },
  };
}

function spawnProgram(directory: string, env: NodeJS.ProcessEnv): ChildProcess {
  const main = fileURLToPath(new URL(import.meta.resolve("../cli/main.js").replace(/\.js$/, MAIN)));
  const program = spawn(process.execPath, [...process.execArgv, main, "start"], {
    cwd: directory,
    env,
    stdio: ["ignore", "pipe", "pipe"],
  });
  const log = createWriteStream(join(directory, "hpc-runners.log"), { mode: 0o600 });
  program.stdout.pipe(log, { end: false });
  program.stderr.pipe(log, { end: false });
  program.once("close", () => log.end());
  return program;
}

/** Run from its source (by tsx) or built. */
const MAIN = import.meta.url.endsWith(".ts") ? ".ts" : ".js";
