import { hasEnded, type PbsJob } from "../../../src/domain/pbs-job.ts";
import { allocationNames, ownJobId, serverOfQueue } from "../../../src/domain/pbs-name.ts";
import { MINUTE, SECOND } from "../../../src/domain/time.ts";
import { serverOf } from "../../../src/pbs/job-id.ts";
import type { Pbs, PbsTrouble, Submission } from "../../../src/pbs/pbs.ts";
import { delay, type Surroundings } from "../world.ts";

export interface ModelAllocation {
  readonly id: string;
  /** The allocation's: that of its PBS job, or of its place in an array. */
  readonly name: string;
  /** Members of one array share it: `12[].vm`. */
  readonly jobId: string;
  /** The allocations that are its seats; of most, itself alone. */
  readonly seats: readonly string[];
  /** Seats that have said their last word. */
  readonly ended: Set<string>;
  readonly submission: Submission;
  state: PbsJob["state"];
  comment: string | null;
  exitStatus: number | null;
  readonly submittedAt: number;
  startedAt: number | null;
  endedAt: number | null;
  deletedAt: number | null;
  runs: number;
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

/** The allocations whose handoffs the script lists, each for a seat; `null` where it is for one of its own. */
function seatsOf({ script }: Submission): readonly string[] | null {
  const [, list = ""] = /^ghr_handoffs=\((.+)\)$/m.exec(script) ?? [];
  const names = [...list.matchAll(/\/([^/.']+)\.[^/.']+'/g)].flatMap(([, name]) => name ?? []);
  return names.length === 0 ? null : names;
}

/** PBS, as its commands show it: late, sometimes silent, and the only one who knows what runs. */
export class PbsModel implements Pbs {
  readonly allocations = new Map<string, ModelAllocation>();
  readonly #surroundings: Surroundings;
  readonly #rules: PbsRules;
  readonly #start: (allocation: ModelAllocation) => void;
  /** What a cached `qstat` shows, and of when it is. */
  #cache: { readonly at: number; readonly jobs: Map<string, PbsJob> } | null = null;
  /** Of each server. */
  readonly statusCalls = new Map<string, number>();
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
    return [...this.allocations.values()].filter(({ state }) => !hasEnded(state));
  }

  // --- the commands ----------------------------------------------------------------------------

  async submit(submission: Submission): ReturnType<Pbs["submit"]> {
    const { faults, see } = this.#surroundings;
    const { name } = submission;
    see({ kind: "submission", submission });
    const server = serverOfQueue(submission.queue) ?? "vm";
    const trouble = await this.#run("qsub", name, "changes", server);
    if (trouble) return trouble;
    if (faults.strikes("qsub-refused", name)) {
      return { kind: "refused", reason: "qsub: Unauthorized Request", code: 159 };
    }
    if (faults.strikes("qsub-fails", name)) return { kind: "retry", reason: "qsub: try again" };
    if (submission.members > 1 && faults.strikes("array-refused", name)) {
      const most = Math.floor(submission.members / 2);
      return { kind: "too-many", most, lasting: this.#calls % 2 === 0, reason: "qsub: too large" };
    }
    if (faults.strikes("qsub-killed", name)) return { kind: "unknown", reason: "killed" };
    const id = this.#accept(submission);
    if (faults.strikes("qsub-killed-after", name)) return { kind: "unknown", reason: "killed" };
    return { kind: "accepted", jobId: id };
  }

  async status(
    jobIds: readonly string[],
    options: { readonly fresh?: boolean } = {},
  ): ReturnType<Pbs["status"]> {
    const { faults, clock, see } = this.#surroundings;
    const [server = "", ...others] = new Set(jobIds.map(serverOf));
    see({ kind: "status", servers: others.length + 1 });
    if (options.fresh !== true) {
      this.statusCalls.set(server, (this.statusCalls.get(server) ?? 0) + 1);
    }
    const trouble = await this.#run("qstat", this.#calls, "asks", server);
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

  async find(name: string, queue: string | null): ReturnType<Pbs["find"]> {
    const server = serverOfQueue(queue) ?? "vm";
    const trouble = await this.#run("qselect", name, "asks", server);
    if (trouble) return trouble;
    const found = [...this.allocations.values()].filter(
      (each) =>
        each.submission.name === name && serverOf(each.id) === server && this.#isKnown(each),
    );
    return { kind: "answered", jobIds: [...new Set(found.map(({ jobId }) => jobId))] };
  }

  async delete(
    jobIds: readonly string[],
    options: { readonly force?: boolean } = {},
  ): ReturnType<Pbs["delete"]> {
    const trouble = await this.#run("qdel", jobIds.join(), "changes", serverOf(jobIds[0] ?? ""));
    if (trouble) return trouble;
    for (const id of jobIds) {
      const allocation = this.allocations.get(id);
      if (!allocation || hasEnded(allocation.state)) continue;
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
    if (hasEnded(allocation.state)) return;
    const wasRunning = allocation.state === "R";
    allocation.state = "X";
    allocation.exitStatus = exitStatus;
    allocation.endedAt = this.#surroundings.clock.now();
    if (wasRunning) this.#free();
    this.#surroundings.tell(`${allocation.id} ended with ${exitStatus}`);
    allocation.onKill("KILL");
    // A member of an array is X until all are.
    const siblings = [...this.allocations.values()].filter(
      (each) => each.jobId === allocation.jobId,
    );
    if (siblings.every(({ state }) => hasEnded(state)))
      for (const each of siblings) each.state = "F";
  }

  #accept(submission: Submission): string {
    const { members, name, queue } = submission;
    this.#lastId += 1;
    const server = serverOfQueue(queue) ?? "vm";
    const jobId = `${this.#lastId}${members > 1 ? "[]" : ""}.${server}`;
    for (const each of allocationNames(name, members)) {
      this.#add(submission, jobId, each);
    }
    return jobId;
  }

  #add(submission: Submission, jobId: string, name: string): void {
    const { faults, clock, tell, scenario } = this.#surroundings;
    const id = ownJobId(name, jobId);
    const impossible = faults.strikes("job-impossible", submission.name);
    const held = faults.strikes("job-held", submission.name);
    const allocation: ModelAllocation = {
      id,
      name,
      jobId,
      seats: seatsOf(submission) ?? [name],
      ended: new Set(),
      submission,
      state: held ? "H" : "Q",
      comment: impossible ? "Can Never Run: Insufficient amount of resource: ncpus" : null,
      exitStatus: null,
      submittedAt: clock.now(),
      startedAt: null,
      endedAt: null,
      deletedAt: null,
      runs: 0,
      onKill: () => undefined,
    };
    this.allocations.set(id, allocation);
    tell(`${id} is submitted as ${name}`);
    if (impossible) {
      // A hold is released some day; the scheduler looks at it then.
      clock.after(
        held ? 90 * MINUTE : 0,
        () => (allocation.state = allocation.state === "H" ? "Q" : allocation.state),
      );
      return;
    }
    const slow = held || faults.strikes("job-slow-to-start", name);
    const wait =
      this.#rules.queueWait ?? delay(this.#surroundings, SECOND, scenario.queueWait, "queue", name);
    clock.after(slow ? wait + 90 * MINUTE : wait, () => this.#begin(allocation));
  }

  #begin(allocation: ModelAllocation): void {
    const { faults, clock, tell } = this.#surroundings;
    if (allocation.state !== "Q" && allocation.state !== "H") return;
    if (this.#running >= (this.#rules.slots ?? Infinity)) return void this.#due.push(allocation);
    this.#running += 1;
    allocation.state = "R";
    allocation.startedAt = clock.now();
    allocation.runs += 1;
    const { runs } = allocation;
    tell(`${allocation.id} starts`);
    this.#start(allocation);
    clock.after(allocation.submission.walltimeSeconds * SECOND, () => {
      if (allocation.state !== "R" || allocation.runs !== runs) return;
      allocation.onKill("TERM");
      clock.after(30 * SECOND, () => this.end(allocation, -29));
    });
    if (faults.strikes("node-lost", allocation.id)) {
      const after = delay(this.#surroundings, SECOND, 10 * MINUTE, "lost", allocation.id);
      clock.after(after, () => this.#loseNode(allocation, runs));
    }
  }

  /** PBS puts a member of an array back into the queue: it cannot be submitted otherwise. */
  #loseNode(allocation: ModelAllocation, runs: number): void {
    const { clock, tell } = this.#surroundings;
    if (allocation.state !== "R" || allocation.runs !== runs) return;
    if (allocation.submission.members === 1) return this.end(allocation, -20);
    tell(`${allocation.id} is put back into the queue`);
    allocation.state = "Q";
    this.#free();
    allocation.onKill("KILL");
    allocation.onKill = () => undefined;
    const wait = delay(this.#surroundings, SECOND, 20 * MINUTE, "again", allocation.id, runs);
    clock.after(wait, () => this.#begin(allocation));
  }

  #free(): void {
    this.#running -= 1;
    for (let next = this.#due.shift(); next; next = this.#due.shift()) {
      this.#begin(next);
      if (next.state === "R") return;
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
      known.map(({ id, submission, state, comment, exitStatus, startedAt, runs }) => [
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
          runs,
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
    server: string,
  ): Promise<PbsTrouble | null> {
    const { faults, clock } = this.#surroundings;
    this.#calls += 1;
    const key = `${command} ${about}`;
    await clock.sleep(delay(this.#surroundings, 10, 300, key, this.#calls));
    if (faults.strikes("pbs-down", key)) {
      return { kind: effect === "asks" ? "retry" : "unknown", reason: "Connection refused" };
    }
    const hangs = faults.strikes("pbs-hangs", key);
    if (!hangs && !(server === "far" && faults.strikes("far-hangs", key))) return null;
    await clock.sleep(90 * SECOND);
    return { kind: "unknown", reason: `${command} did not answer within 90 s` };
  }
}
