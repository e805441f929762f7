import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { pino } from "pino";
import { stringify } from "yaml";
import { startGitHubEmulator, type GitHubEmulator } from "../emulator/github/emulator.ts";
import type { Exchange } from "../emulator/github/server.ts";
import { startPbsEmulator, type PbsEmulator } from "../emulator/pbs/emulator.ts";
import type { PbsEmulatorOptions } from "../emulator/pbs/options.ts";
import { programOf } from "../emulator/program.ts";
import { packEmulatedRunner } from "../emulator/releases/archive.ts";
import { findAccess, type ApiAccess } from "../http/api-access.ts";
import { createApiClient } from "../http/api-client.ts";
import { MINUTE } from "../domain/time.ts";
import { createProbot } from "../github/probot.ts";
import { listOffers } from "../runner/release/catalogue.ts";
import { installRelease } from "../runner/release/install.ts";
import { ReleaseShelf } from "../runner/release/shelf.ts";
import { hostArchitecture } from "../runner/release/source.ts";
import { createPbs } from "../pbs/driver.ts";
import type { Overview } from "../status/overview.ts";
import { Store } from "../store/store.ts";
import type { Scene } from "./scene.ts";

export interface StageOptions {
  readonly scene: Pick<Scene, "organization" | "repositories">;
  /** Use the `qsub` on PATH instead of an emulated PBS. */
  readonly realPbs?: boolean;
  readonly pbs?: PbsEmulatorOptions;
  /** Settings of a pool besides its labels, for all pools. */
  readonly pool?: Readonly<Record<string, unknown>>;
  /** How often PBS is asked about its jobs. Default: often, so that little is waited for. */
  readonly statusInterval?: string;
  /** The runner's release has as many files as GitHub's, each of this part of its size. Default: a small one. */
  readonly runnerScale?: number;
  /** Milliseconds after which the emulated GitHub fails the job of a runner that fell silent. */
  readonly lostAfter?: number;
  readonly onExchange?: (exchange: Exchange) => void;
  /** The command line of another program than ours, without `start`. */
  readonly program?: readonly [string, ...string[]];
}

/** What is found after the end that ought not to be there. */
export interface Leftovers {
  readonly runners: number;
  readonly allocations: number;
  readonly handoffs: number;
  /** Directories that stay for a quarter of an hour: GitHub may still make a runner for their allocation. */
  readonly awaited: number;
}

export function isNothingLeft({ runners, allocations, handoffs }: Leftovers): boolean {
  return runners + allocations + handoffs === 0;
}

const WEBHOOK_PATH = "/api/github/webhooks";

/** The real program, as a process of its own, between an emulated GitHub and a PBS. */
export class Stage {
  readonly github: GitHubEmulator;
  /** `null` with a real PBS. */
  readonly pbs: PbsEmulator | null;
  readonly directory: string;
  /** With which the program is started. Holds the emulated App's secrets. */
  readonly environment: Readonly<NodeJS.ProcessEnv>;
  readonly #command: readonly [string, ...string[]];
  #program: ChildProcess | null = null;

  private constructor(
    github: GitHubEmulator,
    pbs: PbsEmulator | null,
    directory: string,
    webhookSecret: string,
    command: readonly [string, ...string[]],
  ) {
    this.#command = command;
    this.github = github;
    this.pbs = pbs;
    this.directory = directory;
    this.environment = {
      ...process.env,
      // Alone: a PBS of this machine must not be found instead of the emulated one.
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
    };
  }

  /** Sets everything up but the program. */
  static async prepare(options: StageOptions): Promise<Stage> {
    const { scene, realPbs = false, lostAfter = 5_000, onExchange } = options;
    // Compute nodes must see it: a home directory usually is on a shared filesystem, /tmp never.
    const directory = await mkdtemp(join(realPbs ? homedir() : tmpdir(), "hpc-runners-demo-"));
    const webhookSecret = randomBytes(16).toString("hex");
    const github = await startGitHubEmulator({
      ...scene,
      webhookSecret,
      lostAfter,
      ...(onExchange ? { onExchange } : {}),
    });
    const pbsDirectory = join(directory, "pbs");
    const pbs = realPbs
      ? null
      : await startPbsEmulator({ ...DEMO_PBS, ...options.pbs, directory: pbsDirectory });
    await installRunner(github, join(directory, "runner"), options.runnerScale ?? null);
    github.forgetCalls();
    await mkdir(join(directory, "scratch"));
    await writeFile(
      join(directory, "hpc-runners.yml"),
      stringify(configuration(directory, options)),
    );
    const command = options.program ?? programOf(import.meta.url, "../cli/main");
    return new Stage(github, pbs, directory, webhookSecret, command);
  }

  get logFile(): string {
    return join(this.directory, "hpc-runners.log");
  }

  get stateDirectory(): string {
    return join(this.directory, "state/hpc-runners");
  }

  /** Of the program; `null` before it was first started. */
  get pid(): number | null {
    return this.#program?.pid ?? null;
  }

  /** Starts the program. Rejects if it does not come up; its log tells why. */
  async start(variables: Readonly<Record<string, string>> = {}): Promise<void> {
    const [node, ...words] = this.#command;
    const log = openSync(this.logFile, "a", 0o600);
    const program = spawn(node, [...words, "start"], {
      cwd: this.directory,
      env: { ...this.environment, ...variables },
      stdio: ["ignore", log, log],
    });
    closeSync(log);
    this.#program = program;
    // Should the demo itself die of an error: nothing of it goes on without it.
    const killIt = (): void => void program.kill("SIGKILL");
    process.once("exit", killIt);
    program.once("exit", () => process.off("exit", killIt));
    while (isRunning(program)) {
      const access = this.#access();
      // A file of an instance that was killed may still be there.
      if (
        access &&
        (await createApiClient(access)
          .overview()
          .catch(() => null))
      ) {
        this.github.webhooks.url = new URL(WEBHOOK_PATH, access.url).href;
        return;
      }
      await wait(50);
    }
    throw new Error(`hpc-runners start did not come up:\n${await readFile(this.logFile, "utf8")}`);
  }

  /** By something else than {@link stop}: a crash. */
  get wasKilled(): boolean {
    return this.#program?.signalCode === "SIGKILL";
  }

  async overview(): Promise<Overview> {
    const access = this.#access();
    if (!access) throw new Error("No instance runs");
    return createApiClient(access).overview();
  }

  /** @returns its exit code; `null` if the signal ended it. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<number | null> {
    const program = this.#program;
    if (!program) return null;
    if (isRunning(program)) {
      const exited = once(program, "exit");
      program.kill(signal);
      await exited;
    }
    return program.exitCode;
  }

  async leftovers(overview: Overview): Promise<Leftovers> {
    const handoff = join(this.stateDirectory, "shared/handoff");
    const entries = await readdir(handoff);
    const messages = await readdir(join(handoff, "inbox"));
    const awaited = new Set<string | undefined>(entries.length > 1 ? this.#awaited() : []);
    const names = entries.filter((name) => name !== "inbox");
    const kept = names.filter((name) => awaited.has(name.split(".")[0])).length;
    return {
      runners: this.github.runners().length,
      allocations: await this.#liveAllocations(overview),
      handoffs: names.length - kept + messages.length,
      awaited: kept,
    };
  }

  /** Ends everything that was begun here. Files are kept if asked for. */
  async close({ keepFiles = false } = {}): Promise<void> {
    await this.stop();
    await this.pbs?.stop();
    await this.github.stop();
    if (!keepFiles) await rm(this.directory, { recursive: true, force: true });
  }

  /** Allocations of which a mint was not answered. */
  #awaited(): readonly string[] {
    const store = Store.openCopy(this.stateDirectory);
    try {
      const minting = store.runners.live().filter(({ state }) => state === "minting");
      return minting.map(({ allocation }) => allocation);
    } finally {
      store.close();
    }
  }

  #access(): ApiAccess | null {
    return findAccess(this.stateDirectory);
  }

  /** PBS itself is asked, not the program. */
  async #liveAllocations({ allocations }: Overview): Promise<number> {
    if (this.pbs) return this.pbs.jobs().filter(({ state }) => state !== "F").length;
    const ids = allocations.flatMap(({ pbsJobId }) => pbsJobId ?? []);
    if (ids.length === 0) return 0;
    const log = pino({ level: "silent" });
    const outcome = await createPbs({ binDirectory: null, log }).status(ids);
    if (outcome.kind !== "answered") throw new Error(`PBS was asked in vain: ${outcome.reason}`);
    const live = [...outcome.jobs.values()].filter((job) => job !== "absent" && job.state !== "F");
    return live.length;
  }
}

/** Four jobs at a time, each with a short wait, and a project that may not run any. */
const DEMO_PBS: PbsEmulatorOptions = {
  ncpus: 4,
  queueWait: (ordinal) => 500 + 150 * ordinal,
  accountHook: (account) =>
    account === "OVERDRAWN" ? "Project OVERDRAWN has used up its allocation" : null,
};

/** The emulated GitHub's runner, by the way that GitHub's own takes. */
async function installRunner(
  github: GitHubEmulator,
  directory: string,
  scale: number | null,
): Promise<void> {
  const name = { version: "2.336.0", architecture: hostArchitecture() };
  github.releases.publish({ ...name, archive: await packEmulatedRunner(scale) });
  const app = { id: github.appId, privateKey: github.privateKey, webhookSecret: "-" };
  const apiUrl = `http://${github.host}/api/v3`;
  const probot = createProbot({ app, apiUrl }, MINUTE, fetch, pino({ level: "silent" }));
  const shelf = new ReleaseShelf(directory);
  const request = { architecture: null, version: null, from: null, sha256: null };
  await installRelease(
    { ...request, unverified: false },
    {
      shelf,
      offers: () => listOffers((installationId) => probot.auth(installationId)),
      mirror: null,
      fetch,
      onProgress: () => undefined,
      signal: AbortSignal.timeout(MINUTE),
      now: Date.now,
    },
  );
}

function configuration(
  directory: string,
  { pool: settings, statusInterval = "2s" }: StageOptions,
): object {
  const pool = { select: "1:ncpus=1", walltime: "10m", ...settings };
  return {
    pools: {
      derecho: { ...pool, labels: ["self-hosted", "derecho"] },
      overdrawn: { ...pool, labels: ["self-hosted", "overdrawn"], account: "OVERDRAWN" },
    },
    directories: { runner: join(directory, "runner"), scratch: join(directory, "scratch") },
    pbs: { status_interval: statusInterval, cache_age: "0s" },
  };
}

function isRunning(program: ChildProcess): boolean {
  return program.exitCode === null && program.signalCode === null;
}
