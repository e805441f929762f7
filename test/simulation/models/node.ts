import type { EndCause } from "../../../src/domain/end-cause.ts";
import { MINUTE, SECOND } from "../../../src/domain/time.ts";
import type { Message } from "../../../src/handoff/handoff.ts";
import { delay, type Surroundings } from "../world.ts";
import type { ModelRunner } from "./actions.ts";
import { JIT, type GitHubModel } from "./github.ts";
import type { HandoffModel } from "./handoff.ts";
import type { ModelAllocation, PbsModel } from "./pbs.ts";

/** One allocation on the node: most PBS jobs have one. */
interface Seat {
  readonly job: ModelAllocation;
  readonly name: string;
  onKill: (signal: "TERM" | "KILL") => void;
}

function isRunning({ job, name }: Seat): boolean {
  return job.state === "R" && !job.ended.has(name);
}

/** What runs in an allocation: the script, and GitHub's runner. */
export class NodeModel {
  readonly #surroundings: Surroundings;
  readonly #github: GitHubModel;
  readonly #handoff: HandoffModel;
  readonly #pbs: () => PbsModel;
  readonly #reuse: boolean;

  constructor(
    surroundings: Surroundings,
    github: GitHubModel,
    handoff: HandoffModel,
    pbs: () => PbsModel,
  ) {
    this.#surroundings = surroundings;
    this.#github = github;
    this.#handoff = handoff;
    this.#pbs = pbs;
    this.#reuse = surroundings.scenario.reuse !== "never";
  }

  start(job: ModelAllocation): void {
    const seats = job.seats.map((name): Seat => ({ job, name, onKill: () => undefined }));
    job.onKill = (signal) => {
      for (const seat of seats) if (!job.ended.has(seat.name)) seat.onKill(signal);
    };
    for (const seat of seats) this.#startSeat(seat);
  }

  #startSeat(seat: Seat): void {
    const { faults, clock } = this.#surroundings;
    const { job, name } = seat;
    const about = job.seats.length === 1 ? job.id : name;
    if (faults.strikes("node-silent", about)) return;
    const after = delay(this.#surroundings, SECOND, 5 * SECOND, "script", about);
    const { runs } = job;
    clock.after(after, () => {
      if (job.state !== "R" || job.runs !== runs) return;
      const directory = this.#handoff.directories.get(name);
      if (!directory || directory.begun) {
        this.#say(seat, { kind: "ends", cause: "begun" }, "ends");
        this.#leave(seat);
        return;
      }
      directory.begun = true;
      if (faults.strikes("script-fails", about)) {
        this.#say(seat, { kind: "ends", cause: "environment" }, "ends");
        this.#leave(seat);
      } else this.#turn(seat, 1);
    });
  }

  /** Its script has ended; with the last, the PBS job's. */
  #leave({ job, name }: Seat): void {
    job.ended.add(name);
    if (job.seats.every((each) => job.ended.has(each))) this.#pbs().end(job, 0);
  }

  #turn(seat: Seat, turn: number): void {
    const { clock } = this.#surroundings;
    const { job, name } = seat;
    let runner: ModelRunner | null = null;
    let over = false;
    this.#say(seat, { kind: "asks", turn, host: "node1" }, `asks-${turn}`);

    const look = (): void => {
      const directory = this.#handoff.directories.get(name);
      if (over || !isRunning(seat)) return;
      if (!directory || directory.released) return finish(runner ? 0 : null, "released");
      const jit = directory.runners.get(turn);
      if (jit === undefined || runner || taken) return;
      taken = true;
      directory.runners.delete(turn);
      this.#run(seat, jit.slice(JIT.length), turn, (started) => (runner = started), finish);
    };
    let taken = false;
    /** @param code the runner's; `null` where there was none. */
    const finish = (code: number | null, cause: EndCause): void => {
      if (over || !isRunning(seat)) return;
      over = true;
      stopWaiting();
      if (runner) this.#github.disconnect(runner);
      if (code !== null) {
        const report = { kind: "reports" as const, turn, code, cause };
        this.#say(seat, report, `reports-${turn}`);
      }
      if (code !== null && cause === "exited" && this.#reuse) return this.#turn(seat, turn + 1);
      this.#say(seat, { kind: "ends", cause }, "ends");
      const { runs } = job;
      job.ended.add(name);
      clock.after(SECOND, () => {
        if (job.runs === runs) this.#leave(seat);
      });
    };
    const stopWaiting = clock.after(20 * MINUTE, () => {
      if (!taken) finish(null, "unused");
    });
    const directory = this.#handoff.directories.get(name);
    // Seen by the next look, a second later at most.
    if (directory) directory.onChange = () => void clock.after(SECOND, look);
    seat.onKill = (signal) => {
      if (signal === "TERM") return finish(runner ? 0 : null, "terminated");
      over = true;
      if (runner) this.#github.disconnect(runner);
    };
    clock.after(SECOND, look);
  }

  #run(
    seat: Seat,
    name: string,
    turn: number,
    started: (runner: ModelRunner) => void,
    finish: (code: number, cause: EndCause) => void,
  ): void {
    const { faults, clock } = this.#surroundings;
    if (faults.strikes("runner-never-connects", name)) return;
    const after = delay(this.#surroundings, SECOND, 6 * SECOND, "connect", name, turn);
    clock.after(after, () => {
      if (!isRunning(seat)) return;
      let runner: ModelRunner | null = null;
      let working = false;
      const exit = (code: number): void => {
        finish(code, code === 0 ? "exited" : code === 1 ? "registration-gone" : "died");
      };
      const done = (conclusion: string): void => {
        const job = runner?.job ?? null;
        if (!job || runner?.online !== true) return;
        this.#github.finish(job, conclusion);
        if (faults.strikes("runner-hangs-after", name)) return;
        clock.after(2 * SECOND, () => exit(0));
      };
      const onChange = (): void => {
        if (!runner) return;
        const { job } = runner;
        if (!job) {
          // Its registration is gone.
          if (!working && !this.#github.runners.has(name)) exit(1);
          return;
        }
        if (working) {
          if (this.#github.isCancelled(job)) done("cancelled");
          return;
        }
        working = true;
        if (faults.strikes("runner-dies", name)) {
          clock.after(3 * SECOND, () => exit(137));
          return;
        }
        const walltime = seat.job.submission.walltimeSeconds * SECOND;
        const outlives = faults.strikes("job-outlives-walltime", name);
        clock.after(outlives ? 2 * walltime : job.about.duration, () => done("success"));
      };
      runner = this.#github.connect(name, onChange);
      if (!runner) return finish(1, "registration-gone");
      started(runner);
      onChange();
    });
  }

  /** Tries again for a minute where the disk is full, as the script does. */
  #say(seat: Seat, about: Parameters<typeof messageOf>[1], file: string, attempt = 1): void {
    const message = messageOf(seat, about);
    if (this.#handoff.say(message, `${seat.name}.${file}`) || attempt > 6) return;
    this.#surroundings.clock.after(10 * SECOND, () => this.#say(seat, about, file, attempt + 1));
  }
}

function messageOf(
  { job, name }: Seat,
  about:
    | { readonly kind: "asks"; readonly turn: number; readonly host: string }
    | {
        readonly kind: "reports";
        readonly turn: number;
        readonly code: number;
        readonly cause: EndCause;
      }
    | { readonly kind: "ends"; readonly cause: EndCause },
): Message {
  const of = { allocation: name, pbsJobId: job.id };
  switch (about.kind) {
    case "asks":
      return { ...of, ...about, remark: null };
    case "reports": {
      const { kind, turn, code, cause } = about;
      const exit = { code, cause, reason: cause, root: null, startMilliseconds: null };
      return { ...of, kind, turn, exit, updated: false };
    }
    case "ends":
      return { ...of, ...about, reason: about.cause };
  }
}
