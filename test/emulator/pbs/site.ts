import { userInfo } from "node:os";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import { pino } from "pino";
import { onTestFinished } from "vitest";
import type { PbsJob } from "../../../src/domain/pbs-job.ts";
import { startPbsEmulator, type PbsEmulator } from "../../../src/emulator/pbs/emulator.ts";
import type { PbsEmulatorOptions } from "../../../src/emulator/pbs/options.ts";
import type { PbsCommandName } from "../../../src/pbs/command.ts";
import { createPbs } from "../../../src/pbs/driver.ts";
import type { Pbs, Submission } from "../../../src/pbs/pbs.ts";
import { temporaryDirectory } from "../../helpers/directory.ts";
import { until } from "../../helpers/until.ts";
import { submissionWith } from "../../helpers/submission.ts";

export const ME = userInfo().username;

export interface Printed {
  readonly code: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

/** An emulated PBS of the running test's own, with the driver on it. */
export class Site {
  readonly emulator: PbsEmulator;
  readonly pbs: Pbs;
  /** Where jobs write and shell lines run; holds `hello.sh` and `sleep.sh`, as the captures' home did. */
  readonly home: string;
  #serial = 0;

  private constructor(emulator: PbsEmulator, home: string) {
    this.emulator = emulator;
    this.home = home;
    this.pbs = this.driver();
  }

  static async start(options: PbsEmulatorOptions = {}): Promise<Site> {
    const home = temporaryDirectory();
    const emulator = await startPbsEmulator({
      killDelay: 300,
      ...options,
      directory: join(home, "pbs"),
    });
    onTestFinished(() => emulator.stop());
    mkdirSync(join(home, "logs"));
    for (const [file, body] of [
      ["hello.sh", "echo hello"],
      ["sleep.sh", "sleep 300"],
    ] as const) {
      writeFileSync(join(home, file), `#!/bin/bash\n${body}\n`, { mode: 0o700 });
    }
    return new Site(emulator, home);
  }

  driver(timeouts: Partial<Record<PbsCommandName, number>> = {}): Pbs {
    const { binDirectory } = this.emulator;
    return createPbs({ binDirectory, log: pino({ level: "silent" }), timeouts });
  }

  submission(script: string, more: Partial<Submission> = {}): Submission {
    this.#serial += 1;
    return submissionWith({
      name: `ghr-job${this.#serial}`,
      logDirectory: join(this.home, "logs"),
      script: `#!/bin/bash\n${script}\n`,
      ...more,
    });
  }

  async submit(script: string, more: Partial<Submission> = {}): Promise<string> {
    const outcome = await this.pbs.submit(this.submission(script, more));
    if (outcome.kind !== "accepted") throw new Error(`not accepted: ${outcome.reason}`);
    return outcome.jobId;
  }

  async look(id: string): Promise<PbsJob | "absent" | undefined> {
    const outcome = await this.pbs.status([id]);
    if (outcome.kind !== "answered") throw new Error(`PBS did not say: ${outcome.reason}`);
    return outcome.jobs.get(id);
  }

  /** Waits in the emulator itself, and then lets the driver tell the job. */
  async until(id: string, state: string): Promise<PbsJob> {
    await until(`${id} is ${state}`, () => {
      const job = this.emulator.jobs().find((each) => each.id === id);
      return job?.state === state && (state !== "R" || job.pid !== null);
    });
    const job = await this.look(id);
    if (typeof job !== "object") throw new Error(`PBS does not know ${id}`);
    return job;
  }

  log(id: string): string {
    const path = join(this.home, "logs", `${id}.OU`);
    return existsSync(path) ? readFileSync(path, "utf8") : "";
  }

  /** What a shell line prints that has only the emulated commands on its PATH, besides the system's. */
  async run(line: string): Promise<Printed> {
    const { exitCode, stdout, stderr } = await execa("bash", ["-c", line], {
      cwd: this.home,
      env: { HOME: this.home, PATH: `${this.emulator.binDirectory}:/usr/bin:/bin`, LC_ALL: "C" },
      extendEnv: false,
      reject: false,
      stripFinalNewline: false,
      stdin: "ignore",
    });
    return { code: exitCode, stdout, stderr };
  }
}
