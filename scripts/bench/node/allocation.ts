import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { pino } from "pino";
import { DEFAULT_NODE_SETTINGS } from "../../../src/domain/node-settings.ts";
import type { RootPreparation } from "../../../src/domain/runner-exit.ts";
import { createHandoff } from "../../../src/handoff/directory.ts";
import { composeAllocationScript } from "../../../src/runner/allocation-script.ts";

/** One allocation from its start to the start of its runner. Milliseconds. */
export interface Course {
  /** Until its question is in the inbox. */
  readonly asks: number;
  /** Until the inbox is listed. */
  readonly heard: number;
  /** Until the script sees the configuration. */
  readonly seen: number;
  /** Until the runner's process runs. */
  readonly starts: number;
  readonly total: number;
  readonly root: RootPreparation;
}

const NAME = "ghr-benchmrk000";
/** As the program lists the inbox while allocations live, where nothing tells it of changes. */
const INBOX_EVERY = 1_000;

/**
 * Runs an allocation's script as PBS does, with the program's part at the other end: it lists the inbox once a second and
 * answers at once.
 *
 * @param release in which `bin/Runner.Listener` is replaced by one that tells when it was started.
 */
export async function runAllocation(directory: string, release: string): Promise<Course> {
  const handoff = createHandoff({
    directory: join(directory, "handoff"),
    key: Buffer.alloc(32, 1),
    log: pino({ level: "silent" }),
  });
  const scratch = join(directory, "scratch");
  await mkdir(scratch, { recursive: true });
  const path = join(directory, "job.sh");
  const about = { scratch, runner: release, walltimeSeconds: 3_600, node: DEFAULT_NODE_SETTINGS };
  const script = composeAllocationScript({
    ...about,
    handoffs: [await handoff.open(NAME)],
    seats: false,
    diagnostics: join(directory, "diagnostics"),
    environment: [],
    reuse: false,
    waitSeconds: null,
  });
  await writeFile(path, script, { mode: 0o700 });
  // The allocation may start at any moment between two looks.
  const phase = Math.random() * INBOX_EVERY;
  const began = Date.now();
  const child = spawn(path, {
    env: { PATH: process.env["PATH"], HOME: directory, PBS_JOBID: "1.bench" },
    stdio: "ignore",
  });
  const ended = once(child, "exit");
  await wait(phase);
  let asked = 0;
  for (;;) {
    const [first] = await handoff.receive();
    if (first) {
      const inbox = join(directory, "handoff/inbox", first.file);
      asked = (await stat(inbox)).mtimeMs;
      await handoff.acknowledge([first]);
      break;
    }
    await wait(INBOX_EVERY);
  }
  const heard = Date.now();
  await handoff.deliver(NAME, 1, "configuration");
  await ended;
  const messages = (await handoff.receive()).map(({ message }) => message);
  const report = messages.find((message) => message.kind === "reports");
  if (!report?.exit.root)
    throw new Error(`The runner was not started: ${JSON.stringify(messages)}`);
  const started = Number(await readFile(join(directory, "started"), "utf8")) / 1e6;
  const starts = report.exit.startMilliseconds ?? 0;
  await rm(join(directory, "started"));
  await handoff.close(NAME);
  return {
    asks: asked - began,
    heard: heard - asked,
    seen: started - heard - starts,
    starts,
    total: started - began,
    root: report.exit.root,
  };
}

/** A listener that only tells when it was started, below the directory that {@link runAllocation} is given. */
export async function writeListener(release: string, directory: string): Promise<void> {
  const text = `#!/bin/sh\ndate +%s%N >'${join(directory, "started")}'\n`;
  await mkdir(join(release, "bin"), { recursive: true });
  await mkdir(join(release, "externals/node20/bin"), { recursive: true });
  for (const program of ["bin/Runner.Listener", "bin/Runner.Worker"]) {
    await rm(join(release, program), { force: true });
    await writeFile(join(release, program), text, { mode: 0o755 });
  }
}
