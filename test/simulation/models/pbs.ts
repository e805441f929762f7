import type { PbsJob } from "../../../src/domain/pbs-job.ts";
import { MINUTE, SECOND } from "../../../src/domain/time.ts";
import type { Pbs, PbsTrouble, Submission } from "../../../src/pbs/pbs.ts";
import { delay, type Surroundings } from "../world.ts";

export interface ModelAllocation {
  readonly id: string;
  readonly submission: Submission;
  state: PbsJob["state"];
  comment: string | null;
  exitStatus: number | null;
  readonly submittedAt: number;
  startedAt: number | null;
  endedAt: number | null;
  deletedAt: number | null;
  /** What is told when PBS ends it; set by its node. */
  onKill: (signal: "TERM" | "KILL") => void;
}

export interface PbsRules {
  /** Milliseconds by which `qstat` may lag. */
  readonly cacheAge: number;
  /** Milliseconds that each job waits; else as the scenario's chance will have it. */
  readonly queueWait?: number;
  /** Jobs that run at a time, at most; the others wait, the longest-waiting goes first. Default: all of them. */
  readonly slots?: number;
}

/** PBS, as its commands show it: late, sometimes silent, and the only one who knows what runs. */
export class PbsModel implements Pbs {
  readonly allocations = new Map<string, ModelAllocation>();
  readonly #surroundings: Surroundings;
  readonly #rules: PbsRules;
  readonly #start: (allocation: ModelAllocation) => void;
  /** What a cached `qstat` shows, and of when it is. */
  #cache: { readonly at: number; readonly jobs: Map<string, PbsJob> } | null = null;
  statusCalls = 0;
  #calls = 0;
  #lastId = 0;
  #running = 0;
  /** Have waited long enough, and wait for a slot. */
  readonly #due: ModelAllocation[] = [];

  constructor(
    surroundings: Surroundings,
    rules: PbsRules,
    start: (allocation: ModelAllocation) => void,
  ) {
    this.#surroundings = surroundings;
    this.#rules = rules;
    this.#start = start;
  }

  live(): ModelAllocation[] {
    return [...this.allocations.values()].filter(({ state }) => state !== "F");
  }

  // --- the commands ----------------------------------------------------------------------------

  async submit(submission: Submission): ReturnType<Pbs["submit"]> {
    const { faults, see } = this.#surroundings;
    const { name } = submission;
    see({ kind: "submission", submission });
    const trouble = await this.#run("qsub", name, "changes");
    if (trouble) return trouble;
    if (faults.strikes("qsub-refused", name)) {
      return { kind: "refused", reason: "qsub: Unauthorized Request", code: 159 };
    }
    if (faults.strikes("qsub-fails", name)) return { kind: "retry", reason: "qsub: try again" };
    if (faults.strikes("qsub-killed", name)) return { kind: "unknown", reason: "killed" };
    const id = this.#accept(submission);
    if (faults.strikes("qsub-killed-after", name)) return { kind: "unknown", reason: "killed" };
    return { kind: "accepted", jobId: id };
  }

  async status(
    jobIds: readonly string[],
    options: { readonly fresh?: boolean } = {},
  ): ReturnType<Pbs["status"]> {
    const { faults, clock } = this.#surroundings;
    if (options.fresh !== true) this.statusCalls += 1;
    const trouble = await this.#run("qstat", this.#calls, "asks");
    if (trouble) return trouble;
    const stale = options.fresh !== true && faults.strikes("qstat-stale", this.#calls);
    const old = this.#cache !== null && clock.now() - this.#cache.at > this.#rules.cacheAge;
    if (!stale || old || this.#cache === null)
      this.#cache = { at: clock.now(), jobs: this.#list() };
    const seen = this.#cache.jobs;
    const jobs = new Map<string, PbsJob | "absent">();
    for (const id of jobIds) {
      const missed = options.fresh !== true && faults.strikes("qstat-misses", id);
      jobs.set(id, (missed ? undefined : seen.get(id)) ?? "absent");
    }
    return { kind: "answered", jobs };
  }

  async find(name: string): ReturnType<Pbs["find"]> {
    const trouble = await this.#run("qselect", name, "asks");
    if (trouble) return trouble;
    const found = [...this.allocations.values()].filter(
      (each) => each.submission.name === name && this.#isKnown(each),
    );
    return { kind: "answered", jobIds: found.map(({ id }) => id) };
  }

  async delete(
    jobIds: readonly string[],
    options: { readonly force?: boolean } = {},
  ): ReturnType<Pbs["delete"]> {
    const trouble = await this.#run("qdel", jobIds.join(), "changes");
    if (trouble) return trouble;
    for (const id of jobIds) {
      const allocation = this.allocations.get(id);
      if (!allocation || allocation.state === "F") continue;
      this.#surroundings.see({ kind: "deletion", pbsJobId: id });
      this.#surroundings.tell(`${id} is deleted${options.force === true ? " by force" : ""}`);
      if (options.force === true) this.end(allocation, 265);
      else this.#delete(allocation);
    }
    return { kind: "answered", refused: new Map() };
  }

  // --- the inside ------------------------------------------------------------------------------

  /** Its script ended, or PBS ended it. */
  end(allocation: ModelAllocation, exitStatus: number | null): void {
    if (allocation.state === "F") return;
    const wasRunning = allocation.startedAt !== null;
    allocation.state = "F";
    allocation.exitStatus = exitStatus;
    allocation.endedAt = this.#surroundings.clock.now();
    if (wasRunning) this.#free();
    this.#surroundings.tell(`${allocation.id} ended with ${exitStatus}`);
    allocation.onKill("KILL");
  }

  #accept(submission: Submission): string {
    const { faults, clock, tell, scenario } = this.#surroundings;
    this.#lastId += 1;
    const id = `${this.#lastId}.vm`;
    const impossible = faults.strikes("job-impossible", submission.name);
    const held = faults.strikes("job-held", submission.name);
    const allocation: ModelAllocation = {
      id,
      submission,
      state: held ? "H" : "Q",
      comment: impossible ? "Can Never Run: Insufficient amount of resource: ncpus" : null,
      exitStatus: null,
      submittedAt: clock.now(),
      startedAt: null,
      endedAt: null,
      deletedAt: null,
      onKill: () => undefined,
    };
    this.allocations.set(id, allocation);
    tell(`${id} is submitted as ${submission.name}`);
    if (impossible) {
      // A hold is released some day; the scheduler looks at it then.
      clock.after(
        held ? 90 * MINUTE : 0,
        () => (allocation.state = allocation.state === "H" ? "Q" : allocation.state),
      );
      return id;
    }
    const slow = held || faults.strikes("job-slow-to-start", submission.name);
    const wait =
      this.#rules.queueWait ??
      delay(this.#surroundings, SECOND, scenario.queueWait, "queue", submission.name);
    clock.after(slow ? wait + 90 * MINUTE : wait, () => this.#begin(allocation));
    return id;
  }

  #begin(allocation: ModelAllocation): void {
    const { faults, clock, tell } = this.#surroundings;
    if (allocation.state !== "Q" && allocation.state !== "H") return;
    if (this.#running >= (this.#rules.slots ?? Infinity)) return void this.#due.push(allocation);
    this.#running += 1;
    allocation.state = "R";
    allocation.startedAt = clock.now();
    tell(`${allocation.id} starts`);
    this.#start(allocation);
    clock.after(allocation.submission.walltimeSeconds * SECOND, () => {
      if (allocation.state !== "R") return;
      allocation.onKill("TERM");
      clock.after(30 * SECOND, () => this.end(allocation, -29));
    });
    if (faults.strikes("node-lost", allocation.id)) {
      const after = delay(this.#surroundings, SECOND, 10 * MINUTE, "lost", allocation.id);
      clock.after(after, () => this.end(allocation, -20));
    }
  }

  #free(): void {
    this.#running -= 1;
    for (let next = this.#due.shift(); next; next = this.#due.shift()) {
      this.#begin(next);
      if (next.startedAt !== null) return;
    }
  }

  #delete(allocation: ModelAllocation): void {
    const { faults, clock } = this.#surroundings;
    allocation.deletedAt = clock.now();
    if (allocation.state !== "R") return this.end(allocation, null);
    if (faults.strikes("qdel-ignored", allocation.id)) return;
    allocation.onKill("TERM");
    const after = delay(this.#surroundings, SECOND, 24 * SECOND, "kill", allocation.id);
    clock.after(after, () => this.end(allocation, 271));
  }

  #list(): Map<string, PbsJob> {
    const known = [...this.allocations.values()].filter((each) => this.#isKnown(each));
    return new Map(
      known.map(({ id, submission, state, comment, exitStatus, startedAt }) => [
        id,
        {
          id,
          name: submission.name,
          state,
          substate: null,
          comment,
          execHost: state === "R" ? "node1/0" : null,
          exitStatus,
          startedAt,
        },
      ]),
    );
  }

  #isKnown({ state }: ModelAllocation): boolean {
    return state !== "F" || !this.#surroundings.faults.strikes("pbs-no-history");
  }

  /** One command: it takes a moment, or does not answer at all. */
  async #run(
    command: string,
    about: string | number,
    effect: "asks" | "changes",
  ): Promise<PbsTrouble | null> {
    const { faults, clock } = this.#surroundings;
    this.#calls += 1;
    const key = `${command} ${about}`;
    await clock.sleep(delay(this.#surroundings, 10, 300, key, this.#calls));
    if (faults.strikes("pbs-down", key)) {
      return { kind: effect === "asks" ? "retry" : "unknown", reason: "Connection refused" };
    }
    if (!faults.strikes("pbs-hangs", key)) return null;
    await clock.sleep(90 * SECOND);
    return { kind: "unknown", reason: `${command} did not answer within 90 s` };
  }
}
