import { commentTime } from "./clock-text.ts";
import { isOver, isWaiting, type EmulatedJob, type JobRequest } from "./job.ts";
import { startJob, type RunningJob } from "./mom.ts";
import type { Settings } from "./options.ts";
import { schedule, type Node } from "./scheduler.ts";

/** What the emulated PBS server knows: its jobs, its one node, and what becomes of them. */
export class Cluster {
  readonly settings: Settings;
  readonly node: Node = { down: false };
  /** In the order they came; an array's subjobs follow it. */
  readonly jobs = new Map<string, EmulatedJob>();
  readonly #running = new Map<EmulatedJob, RunningJob>();
  /** Processes of jobs that the server gave up with their node: they run until the node is back. */
  readonly #lost = new Set<RunningJob>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #ripeAt = new Map<EmulatedJob, number>();
  #sequence = 0;
  /** Of jobs that can run: an array's members count one by one. */
  #ordinal = 0;
  #stopped = false;

  constructor(settings: Settings) {
    this.settings = settings;
  }

  submit(request: JobRequest): EmulatedJob {
    const sequence = this.#sequence++;
    const waits = new Set<number>();
    const suffix = request.array === null ? "" : "[]";
    const job = this.#add(request, sequence, `${sequence}${suffix}`, null, null);
    for (const index of request.array?.indices ?? []) {
      this.#add(request, sequence, `${sequence}[${index}]`, job, index);
    }
    const now = performance.now();
    for (const each of job.request.array === null ? [job] : this.subjobs(job)) {
      const wait = this.settings.queueWait(this.#ordinal++);
      this.#ripeAt.set(each, now + wait);
      waits.add(wait);
    }
    // A timer may fire a moment before its time by the other clock; the job would then wait for ever.
    for (const wait of waits) this.#later(wait + 2, () => this.cycle());
    this.#changed();
    return job;
  }

  #add(
    request: JobRequest,
    sequence: number,
    stem: string,
    parent: EmulatedJob | null,
    index: number | null,
  ): EmulatedJob {
    const now = Date.now();
    // Of an array that is held, the members are Q, and wait for the array.
    const held = request.held && parent === null;
    const job: EmulatedJob = {
      id: `${stem}.${this.settings.server}`,
      sequence,
      request,
      createdAt: now,
      parent,
      index,
      owner: request.submitter.user,
      state: held ? "H" : "Q",
      substate: held ? 20 : 10,
      comment: null,
      held,
      changedAt: now,
      startedAt: null,
      endedAt: null,
      exitStatus: null,
      runCount: 0,
      slot: null,
      sessionId: null,
      forgotten: false,
      ending: null,
    };
    this.jobs.set(job.id, job);
    return job;
  }

  /** One scheduling cycle. */
  cycle(): void {
    if (this.#stopped) return;
    const now = performance.now();
    const isRipe = (job: EmulatedJob): boolean => (this.#ripeAt.get(job) ?? 0) <= now;
    const { start, comments } = schedule([...this.jobs.values()], this.settings, this.node, isRipe);
    for (const [job, comment] of comments) {
      if (job.parent === null || job.runCount > 0) job.comment = comment;
      // Until it begins an array tells why its members wait; they show its comment.
      else if (job.parent.state === "Q") job.parent.comment = comment;
    }
    for (const job of start) void this.#start(job);
  }

  async #start(job: EmulatedJob): Promise<void> {
    const now = Date.now();
    const where = `(${this.settings.server}:ncpus=${job.request.ncpus})`;
    job.slot = this.#freeSlot();
    job.comment = `Job run at ${commentTime(now)} on ${where}`;
    job.startedAt = now;
    job.runCount += 1;
    this.#set(job, "R", 41);
    if (job.parent?.state === "Q") {
      job.parent.startedAt = now;
      job.parent.comment = `Job Array Began at ${commentTime(now)}`;
      this.#set(job.parent, "B", 70);
    }
    const running = await startJob(job, this.settings).catch(() => null);
    if (running === null) {
      this.#giveUpStarting(job);
      return;
    }
    this.#running.set(job, running);
    job.sessionId = running.pid;
    if (this.#stopped) running.kill();
    else if (job.state === "R") this.#set(job, "R", 42);
    // It may have been deleted while it started.
    if (job.ending !== null) running.terminate();
    this.#limitWalltime(job);
    await this.#watch(job, running);
  }

  /** PBS tries 21 times in a few seconds, and then holds the job (measured with an output directory that is not there). */
  #giveUpStarting(job: EmulatedJob): void {
    job.slot = null;
    job.held = true;
    job.runCount = 21;
    job.exitStatus = -3;
    job.comment = "job held, too many failed attempts to run";
    this.#set(job, "H", 20);
    this.cycle();
  }

  async #watch(job: EmulatedJob, running: RunningJob): Promise<void> {
    const status = await running.ended;
    this.#lost.delete(running);
    if (this.#running.get(job) !== running) return;
    this.#running.delete(job);
    job.exitStatus = job.ending === WALLTIME ? -29 : status;
    this.#set(job, "E", 51);
    this.#end(job, job.ending ?? (job.exitStatus === 0 ? "and finished" : "and failed"));
  }

  #limitWalltime(job: EmulatedJob): void {
    const { walltimeSeconds } = job.request;
    if (walltimeSeconds === null) return;
    this.#later(walltimeSeconds * 1_000, () => {
      const running = this.#running.get(job);
      if (!running || isOver(job)) return;
      job.ending ??= WALLTIME;
      running.terminate();
    });
  }

  /** `qdel`: a waiting job ends at once, a running one gets TERM and, after the delay, KILL. */
  delete(job: EmulatedJob, by: string, force: boolean): void {
    if (job.request.array !== null && job.index === null) {
      job.ending = "and terminated";
      for (const each of this.subjobs(job)) {
        if (isOver(each)) each.forgotten = true;
        else this.delete(each, by, force);
      }
      return;
    }
    // What had ended before is hit by a range, too, and loses its own values (sample qdel-range-with-ended).
    if (job.parent !== null && (isOver(job) || isWaiting(job))) job.forgotten = true;
    if (isOver(job)) return;
    if (isWaiting(job)) {
      this.#end(job, "and terminated", 91);
      return;
    }
    const ending = `and terminated by ${by}@${this.settings.server}`;
    if (job.ending === null) {
      job.ending = ending;
      job.comment = `${job.comment ?? ""} ${ending}`.trim();
    }
    const running = this.#running.get(job);
    if (force) running?.kill();
    else running?.terminate();
  }

  hold(job: EmulatedJob, held: boolean): void {
    job.held = held;
    if (held && job.state === "Q") this.#set(job, "H", 20);
    if (!held && job.state === "H") this.#set(job, "Q", 10);
    this.cycle();
  }

  /** The node stops answering: its jobs end with -20 or, if rerunnable, wait again. Their processes run on. */
  loseNode(): void {
    this.node.down = true;
    for (const [job, running] of this.#running) {
      this.#running.delete(job);
      this.#lost.add(running);
      job.exitStatus = -20;
      job.slot = null;
      if (job.request.rerunnable) this.#set(job, "Q", 10);
      else this.#end(job, "", 93);
    }
    this.cycle();
  }

  /** The node answers again: what still ran there is killed. */
  returnNode(): void {
    this.node.down = false;
    for (const running of this.#lost) running.kill();
    this.cycle();
  }

  /** Kills every job's process group and waits for the processes' ends. Nothing starts any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
    while (this.#running.size > 0 || this.#lost.size > 0 || this.#isStarting()) {
      const all = [...this.#running.values(), ...this.#lost];
      for (const running of all) running.kill();
      await Promise.all([...all.map((running) => running.ended), soon()]);
    }
  }

  #isStarting(): boolean {
    return [...this.jobs.values()].some((job) => job.substate === 41 && job.state === "R");
  }

  subjobs(parent: EmulatedJob): EmulatedJob[] {
    return [...this.jobs.values()].filter((job) => job.parent === parent);
  }

  #end(job: EmulatedJob, ending: string, substate?: number): void {
    const deleted = ending.startsWith("and terminated");
    const code = substate ?? (deleted ? 91 : job.exitStatus === 0 ? 92 : 93);
    if (job.comment !== null && !job.comment.endsWith(ending)) job.comment += ` ${ending}`;
    job.slot = null;
    job.endedAt = Date.now();
    this.#ripeAt.delete(job);
    this.#set(job, job.parent === null ? "F" : "X", code);
    if (job.parent !== null) this.#endArray(job.parent);
    else this.#forget(job);
    this.cycle();
  }

  #endArray(parent: EmulatedJob): void {
    const subjobs = this.subjobs(parent);
    const ran = subjobs.filter(({ exitStatus }) => exitStatus !== null);
    if (ran.length > 0) parent.exitStatus = ran.some(({ exitStatus }) => exitStatus !== 0) ? 1 : 0;
    if (!subjobs.every(isOver)) return;
    for (const each of subjobs) each.state = "F";
    const failed = (parent.exitStatus ?? 0) !== 0;
    const ending = parent.ending ?? (failed ? "and failed" : "and finished");
    parent.endedAt = Date.now();
    parent.comment = `${parent.comment ?? FORGOTTEN} ${ending}`;
    this.#set(parent, "F", parent.ending === null ? (failed ? 93 : 92) : 91);
    for (const each of [...subjobs, parent]) this.#forget(each);
  }

  #forget(job: EmulatedJob): void {
    if (!this.settings.history) this.jobs.delete(job.id);
  }

  #freeSlot(): number {
    const taken = new Set([...this.jobs.values()].map((job) => job.slot));
    let slot = 0;
    while (taken.has(slot)) slot += 1;
    return slot;
  }

  #set(job: EmulatedJob, state: EmulatedJob["state"], substate: number): void {
    job.state = state;
    job.substate = substate;
    job.changedAt = Date.now();
    this.#changed();
  }

  #changed(): void {
    this.settings.onChange();
  }

  #later(milliseconds: number, then: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      then();
    }, milliseconds);
    this.#timers.add(timer);
  }
}

/** What the server says of a member of an array of which it keeps nothing else. */
export const FORGOTTEN = "Subjob finished";
const WALLTIME = "and exceeded resource walltime";

function soon(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 10);
  });
}
