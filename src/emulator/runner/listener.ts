import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { decodeJitConfig, settingsOf, type RunnerSettings } from "../github/jit-config.ts";
import { JobMessage, type Progress } from "../github/runner-service.ts";

/**
 * The program behind the emulated `bin/Runner.Listener run`: `node listener.js ROOT run`. Connects, takes one job, runs
 * its steps in bash, and ends; exit codes as GitHub's listener has them (facts/github.md §6).
 */
const EXIT = { fine: 0, terminated: 1, deprecated: 7 } as const;
/** 100 and the job's TaskResult, if the environment asks for it. */
const RESULT_CODES = { success: 100, failure: 102, cancelled: 103 } as const;

/** Milliseconds between two attempts to reach the service. */
const RETRY = 1_000;

async function main(): Promise<number> {
  const [root = "", command = ""] = process.argv.slice(2);
  const encoded = process.env["ACTIONS_RUNNER_INPUT_JITCONFIG"];
  // As GitHub's does: what it starts does not inherit it.
  delete process.env["ACTIONS_RUNNER_INPUT_JITCONFIG"];
  if (command !== "run" || encoded === undefined) {
    say("An error occurred: Not configured. Run Config.(sh/cmd) to configure the runner.");
    return EXIT.terminated;
  }
  const files = decodeJitConfig(encoded);
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(root, name), content, { mode: 0o600 });
  }
  const listener = new Listener(root, settingsOf(files));
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => listener.shutDown());
  }
  return listener.run();
}

class Listener {
  readonly #root: string;
  readonly #settings: RunnerSettings;
  readonly #over = new AbortController();
  #step: ChildProcess | null = null;
  #cancelled = false;

  constructor(root: string, settings: RunnerSettings) {
    this.#root = root;
    this.#settings = settings;
  }

  async run(): Promise<number> {
    if (await this.#misbehaves()) return EXIT.deprecated;
    say("\n√ Connected to GitHub\n");
    say("Current runner version: '0.0.0-emulated'");
    say(`${stamp()}: Listening for Jobs`);
    while (!this.#over.signal.aborted) {
      const response = await this.#post("message", {}).catch(() => null);
      if (response?.status === 401) {
        say("The runner no longer exists on the server. Please reconfigure the runner.");
        return EXIT.terminated;
      }
      if (response?.status === 200) {
        const conclusion = await this.#serve(JobMessage.parse(await response.json()));
        const tells = process.env["ACTIONS_RUNNER_RETURN_JOB_RESULT_FOR_HOSTED"] === "1";
        // Told to end, it returns before it has the job's result.
        return tells && !this.#over.signal.aborted ? RESULT_CODES[conclusion] : EXIT.fine;
      }
      if (response === null) {
        await wait(RETRY, undefined, { signal: this.#over.signal }).catch(() => undefined);
      }
    }
    say("Exiting...");
    return EXIT.fine;
  }

  /** What the pool's lines asked for: EMULATED_RUNNER=deprecated, or one that never connects. */
  async #misbehaves(): Promise<boolean> {
    const behaviour = process.env["EMULATED_RUNNER"];
    if (behaviour === "never-connects") {
      say(`${stamp()}: Runner connect error: no route to host. Retrying until reconnected.`);
      const { signal } = this.#over;
      await wait(2 ** 31 - 1, undefined, { signal }).catch(() => undefined);
    }
    if (behaviour !== "deprecated") return false;
    say("An error occurred: Runner version v0.0.0 is deprecated and cannot receive messages.");
    return true;
  }

  shutDown(): void {
    this.#over.abort();
    this.#killStep();
  }

  async #serve(job: JobMessage): Promise<Conclusion> {
    say(`${stamp()}: Running job: ${job.name}`);
    const watching = new AbortController();
    void this.#watch(watching.signal);
    const workspace = join(this.#root, "_work", job.repository, job.repository);
    mkdirSync(workspace, { recursive: true });
    let conclusion: Conclusion = "success";
    for (const step of job.steps) {
      if (this.#cancelled && conclusion === "success") conclusion = "cancelled";
      if (conclusion !== "success" && !step.always) continue;
      // Told to end, it skips all that is left, `always()` or not (StepsRunner.cs).
      if (this.#over.signal.aborted) break;
      await this.#tell({ step: step.number, log: "", conclusion: null });
      const { code, log } = await this.#runStep(job, step, workspace);
      const isCancelled = this.#cancelled && !step.always;
      const ended = isCancelled ? "cancelled" : code === 0 ? "success" : "failure";
      await this.#tell({ step: step.number, log, conclusion: ended });
      if (conclusion === "success") conclusion = ended;
    }
    if (this.#over.signal.aborted && !this.#cancelled) {
      conclusion = "failure";
      const log = "##[error]The runner has received a shutdown signal.\n";
      await this.#tell({ log, conclusion });
    } else await this.#tell({ log: "", conclusion });
    watching.abort();
    say(`${stamp()}: Job ${job.name} completed with result: ${RESULTS[conclusion]}`);
    return conclusion;
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const response = await this.#post("watch", {}, signal).catch(() => null);
    const answer: unknown = response?.status === 200 ? await response.json() : null;
    if (typeof answer === "object" && answer !== null && "cancel" in answer && answer.cancel) {
      this.#cancelled = true;
      this.#killStep();
    }
  }

  #runStep(job: JobMessage, { run, always }: Step, workspace: string) {
    if (this.#cancelled && !always) return { code: 1, log: "" };
    return new Promise<{ readonly code: number; readonly log: string }>((resolve) => {
      const step = spawn("/bin/bash", ["--noprofile", "--norc", "-eo", "pipefail", "-c", run], {
        cwd: workspace,
        env: { ...process.env, ...this.#variables(job, workspace) },
        stdio: ["ignore", "pipe", "pipe"],
        detached: true,
      });
      this.#step = step;
      let log = "";
      const hear = (chunk: Buffer): void => {
        log += chunk.toString();
      };
      step.stdout.on("data", hear);
      step.stderr.on("data", hear);
      step.once("error", (error) => resolve({ code: 127, log: `${log}${error.message}\n` }));
      step.once("close", (code) => {
        this.#step = null;
        resolve({ code: code ?? 1, log });
      });
    });
  }

  #variables(job: JobMessage, workspace: string): Record<string, string> {
    return {
      CI: "true",
      GITHUB_ACTIONS: "true",
      GITHUB_JOB: job.name,
      GITHUB_REPOSITORY: job.repository,
      GITHUB_RUN_ID: String(job.runId),
      GITHUB_WORKSPACE: workspace,
      RUNNER_NAME: this.#settings.name,
      RUNNER_OS: "Linux",
    };
  }

  #killStep(): void {
    const pid = this.#step?.pid;
    if (pid === undefined) return;
    try {
      process.kill(-pid, "SIGTERM");
    } catch {
      // It has just ended.
    }
  }

  async #tell(progress: Progress): Promise<void> {
    for (let attempt = 0; attempt < 10; attempt++) {
      const response = await this.#post("progress", progress).catch(() => null);
      if (response) return;
      await wait(RETRY);
    }
  }

  async #post(what: string, body: object, signal = what === "message" ? this.#over.signal : null) {
    const { service, runnerId, secret } = this.#settings;
    const response = await fetch(`${service}/${runnerId}/${what}`, {
      method: "POST",
      headers: { authorization: `Bearer ${secret}`, "content-type": "application/json" },
      body: JSON.stringify(body),
      signal,
    });
    return response;
  }
}

type Step = JobMessage["steps"][number];
type Conclusion = NonNullable<Progress["conclusion"]>;
const RESULTS = { success: "Succeeded", failure: "Failed", cancelled: "Canceled" } as const;

/** As .NET's `{DateTime.UtcNow:u}`. */
function stamp(): string {
  return `${new Date().toISOString().slice(0, 19).replace("T", " ")}Z`;
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

// Open sockets of long questions must not keep it alive.
process.exit(await main());
