import { spawn, type ChildProcess } from "node:child_process";
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pino } from "pino";
import { onTestFinished } from "vitest";
import { createHandoff, type DirectoryHandoff } from "../../src/handoff/directory.ts";
import { DEFAULT_NODE_SETTINGS } from "../../src/domain/node-settings.ts";
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
  readonly #allocation: string;
  #script: ChildProcess | null = null;
  #output = "";

  /** @param listener what `bin/Runner.Listener` is here: lines of bash. `$out` is a directory to leave traces in. */
  constructor(listener: string, base = temporaryDirectory(), allocation = NAME) {
    this.#allocation = allocation;
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

  /** Leaves something where its listener looks. */
  touch(name: string): void {
    writeFileSync(join(this.directory, "traces", name), "");
  }

  /** What is kept of its failed runners. */
  get diagnostics(): string {
    return join(this.directory, "diagnostics");
  }

  /** Where runners have their roots. */
  get roots(): string {
    return join(this.scratch, `hpc-runners-${process.getuid?.()}`);
  }

  /** A small release of GitHub's runner, with our listener in it; where it stands. */
  writeRelease(): string {
    const release = join(this.directory, "runner");
    const traces = join(this.directory, "traces");
    for (const path of [traces, join(release, "bin"), join(release, "externals/node24/bin")]) {
      mkdirSync(path, { recursive: true });
    }
    const programs = {
      "bin/Runner.Listener": `#!/bin/bash\nout='${traces}'\n${this.#listener}\n`,
      "bin/Runner.Worker": "#!/bin/sh\n",
      "externals/node24/bin/node": "#!/bin/sh\n",
      "run.sh": "#!/bin/sh\n",
    };
    for (const [name, text] of Object.entries(programs)) {
      rmSync(join(release, name), { force: true });
      writeFileSync(join(release, name), text, { mode: 0o555 });
    }
    writeFileSync(join(release, "bin/Runner.Listener.dll"), "library\n".repeat(1_000));
    return release;
  }

  /** Writes what an allocation runs; where it stands. */
  async compose(about: Partial<AllocationScript> = {}): Promise<string> {
    const path = join(this.directory, "job.sh");
    const script = composeAllocationScript({
      handoffs: [await this.handoff.open(this.#allocation)],
      seats: false,
      diagnostics: this.diagnostics,
      runner: about.runner ?? this.writeRelease(),
      scratch: this.scratch,
      walltimeSeconds: 3_600,
      environment: [],
      reuse: false,
      waitSeconds: null,
      node: DEFAULT_NODE_SETTINGS,
      ...about,
    });
    writeFileSync(path, script, { mode: 0o700 });
    return path;
  }

  /** Starts the script, with variables besides those that PBS gives, and by a wrapper such as `unshare`, if it must be. */
  async start(
    about: Partial<AllocationScript> = {},
    variables: Readonly<Record<string, string>> = {},
    wrapper: readonly string[] = [],
  ): Promise<void> {
    const path = await this.compose(about);
    // As the oldest bash that has to do: HPC_RUNNERS_TEST_BASH=/path/to/bash-4.2 npx vitest run test/runner
    const bash = process.env["HPC_RUNNERS_TEST_BASH"];
    const [command, ...words] = [...wrapper, ...(bash === undefined ? [] : [bash]), path];
    const child = spawn(command, words, {
      cwd: this.directory,
      env: {
        PATH: "/usr/local/bin:/usr/bin:/bin",
        HOME: this.directory,
        TMPDIR: this.scratch,
        PBS_JOBID: "12.vm",
        ...variables,
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

  deliver(
    turn: number,
    configuration = "a secret configuration",
    name = this.#allocation,
  ): Promise<void> {
    return this.handoff.deliver(name, turn, configuration);
  }

  /** A configuration that was written when the login node's clock said so. */
  async deliverAt(turn: number, at: Date): Promise<void> {
    const path = join(await this.handoff.open(this.#allocation), `turn-${turn}.jit`);
    writeFileSync(`${path}.draft`, `a secret\n${Math.floor(at.getTime() / 1000)}\n`);
    renameSync(`${path}.draft`, path);
  }

  release(name = this.#allocation): Promise<void> {
    return this.handoff.release(name);
  }

  /** As the end of the allocation does. */
  close(): Promise<void> {
    return this.handoff.close(this.#allocation);
  }

  /** All from the start to the report of the first runner. */
  async runs(about: Partial<AllocationScript> = {}): Promise<Message & { kind: "reports" }> {
    await this.start(about);
    await this.hears("asks");
    await this.deliver(1);
    return this.hears("reports");
  }

  signal(signal: NodeJS.Signals): void {
    this.#script?.kill(signal);
  }

  /** As PBS does: every process of the job's session and group at once. */
  signalAll(signal: NodeJS.Signals): void {
    if (this.#script?.pid !== undefined) process.kill(-this.#script.pid, signal);
  }

  async ended(): Promise<number | null> {
    await until(`the script ends; it said:\n${this.#output}`, () => {
      return this.#script?.exitCode !== null || this.#script.signalCode !== null;
    });
    return this.#script?.exitCode ?? null;
  }
}
