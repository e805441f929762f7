import { spawn, type ChildProcess } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pino } from "pino";
import { onTestFinished } from "vitest";
import { createHandoff, type DirectoryHandoff } from "../../src/handoff/directory.ts";
import type { Message } from "../../src/handoff/handoff.ts";
import {
  composeAllocationScript,
  type AllocationScript,
} from "../../src/runner/allocation-script.ts";
import { temporaryDirectory } from "../helpers/directory.ts";
import { until } from "../helpers/until.ts";

const NAME = "ghr-abcdefgh000";

/** A compute node with one allocation's script on it, run as PBS runs it; the test is the program at the other end. */
export class Node {
  readonly directory: string;
  readonly scratch: string;
  readonly handoff: DirectoryHandoff;
  readonly #listener: string;
  #script: ChildProcess | null = null;
  #output = "";

  /** @param listener what `bin/Runner.Listener` is here: lines of bash. `$out` is a directory to leave traces in. */
  constructor(listener: string, base = temporaryDirectory()) {
    this.directory = base;
    this.scratch = join(base, "scratch");
    this.#listener = listener;
    mkdirSync(this.scratch, { recursive: true });
    const directory = join(base, "handoff");
    this.handoff = createHandoff({
      directory,
      key: Buffer.alloc(32, 1),
      log: pino({ level: "silent" }),
    });
  }

  get output(): string {
    return this.#output;
  }

  /** What the listener left behind. */
  trace(name: string): string {
    return readFileSync(join(this.directory, "traces", name), "utf8");
  }

  async start(about: Partial<AllocationScript> = {}): Promise<void> {
    const traces = join(this.directory, "traces");
    const release = join(this.directory, "runner");
    mkdirSync(traces, { recursive: true });
    mkdirSync(join(release, "bin"), { recursive: true });
    mkdirSync(join(release, "externals"), { recursive: true });
    const listener = join(release, "bin/Runner.Listener");
    writeFileSync(listener, `#!/bin/bash\nout='${traces}'\n${this.#listener}\n`);
    chmodSync(listener, 0o755);
    const path = join(this.directory, "job.sh");
    const script = composeAllocationScript({
      handoff: await this.handoff.open(NAME),
      runner: release,
      scratch: this.scratch,
      walltimeSeconds: 3_600,
      environment: [],
      reuse: false,
      waitSeconds: null,
      ...about,
    });
    writeFileSync(path, script, { mode: 0o700 });
    const child = spawn("/bin/bash", [path], {
      cwd: this.directory,
      env: {
        PATH: "/usr/local/bin:/usr/bin:/bin",
        HOME: this.directory,
        TMPDIR: this.scratch,
        PBS_JOBID: "12.vm",
      },
      stdio: ["ignore", "pipe", "pipe"],
      detached: true,
    });
    this.#script = child;
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        this.#output += chunk.toString();
      });
    }
    onTestFinished(() => {
      if (child.exitCode === null && child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    });
  }

  /** Waits for a message, and takes it. */
  async hears<K extends Message["kind"]>(kind: K): Promise<Message & { readonly kind: K }> {
    return until(`the allocation ${kind}; it said:\n${this.#output}`, async () => {
      const received = await this.handoff.receive();
      const found = received.find(({ message }) => message.kind === kind);
      if (!found) return null;
      await this.handoff.acknowledge([found]);
      return found.message as Message & { readonly kind: K };
    });
  }

  deliver(turn: number, configuration = "a secret configuration"): Promise<void> {
    return this.handoff.deliver(NAME, turn, configuration);
  }

  release(): Promise<void> {
    return this.handoff.release(NAME);
  }

  /** As the end of the allocation does. */
  close(): Promise<void> {
    return this.handoff.close(NAME);
  }

  signal(signal: NodeJS.Signals): void {
    this.#script?.kill(signal);
  }

  async ended(): Promise<number | null> {
    await until(`the script ends; it said:\n${this.#output}`, () => {
      return this.#script?.exitCode !== null || this.#script.signalCode !== null;
    });
    return this.#script?.exitCode ?? null;
  }
}
