import { toLabelSet, type LabelSet } from "../../../src/domain/labels.ts";
import { MINUTE } from "../../../src/domain/time.ts";
import type { JobNews, WorkflowJobStatus } from "../../../src/domain/workflow-job.ts";
import { chance } from "../random.ts";
import type { SimulatedJob } from "../scenario.ts";
import { hostile, type Surroundings } from "../world.ts";
import type { Events } from "./events.ts";

export const LABELS = {
  small: ["self-hosted", "small"],
  large: ["self-hosted", "large"],
  nowhere: ["self-hosted", "nowhere", hostile("label ")],
} as const;

/** How far a reader of GitHub's API may lag behind its events (facts/github.md §1). */
const LAG = 5 * MINUTE;

export interface ModelJob {
  readonly id: number;
  readonly about: SimulatedJob;
  readonly labels: LabelSet;
  status: WorkflowJobStatus;
  conclusion: string | null;
  runner: string | null;
  startedAt: number | null;
  completedAt: number | null;
  readonly createdAt: number;
  /** Some event of it was accepted, so that the program must see to it. */
  heard: boolean;
  /** What a reader that lags behind is shown, and until when. */
  stale: { readonly status: WorkflowJobStatus; readonly until: number };
  /** What does not change of it, as the program reads it; read once. */
  news: JobNews | null;
}

export interface ModelRunner {
  readonly id: number;
  readonly name: string;
  readonly labels: LabelSet;
  online: boolean;
  job: ModelJob | null;
  /** Told when it is given a job, or loses its registration. */
  onChange: () => void;
}

/** Jobs and runners at GitHub, and which runner gets which job: what goes on whether or not anybody asks. */
export class ActionsModel {
  readonly jobs = new Map<number, ModelJob>();
  readonly runners = new Map<string, ModelRunner>();
  protected readonly surroundings: Surroundings;
  protected readonly events: Events;
  /** Called when a runner gets a job. */
  onAssign: (runner: ModelRunner, job: ModelJob) => void = () => undefined;
  /** The job that a runner was made for. */
  intendedJobOf: (runner: string) => number | null = () => null;
  #lastSurprise = 5_000;

  constructor(surroundings: Surroundings, events: Events) {
    this.surroundings = surroundings;
    this.events = events;
    const { scenario, clock, epoch } = surroundings;
    for (const about of scenario.jobs) {
      if (!about.needs) {
        clock.at(epoch + about.queuedAt, () => {
          this.#queue(about);
          this.#route();
        });
      }
      if (about.cancelledAt !== null)
        clock.at(epoch + about.cancelledAt, () => this.#cancel(about));
    }
  }

  // --- what runners do -------------------------------------------------------------------------

  connect(name: string, onChange: () => void): ModelRunner | null {
    const runner = this.runners.get(name);
    if (!runner) return null;
    runner.online = true;
    runner.onChange = onChange;
    this.#surprise(runner);
    this.#route();
    return runner;
  }

  /** The job of a runner ended by itself. */
  finish(job: ModelJob, conclusion: string): void {
    if (job.status !== "in_progress") return;
    const runner = this.runners.get(job.runner ?? "");
    if (runner) {
      runner.job = null;
      this.remove(runner);
    }
    this.#complete(job, conclusion);
  }

  /** A runner's process is gone. GitHub notices the loss of a job's runner after ten minutes. */
  disconnect(runner: ModelRunner): void {
    runner.online = false;
    runner.onChange = () => undefined;
    const { job } = runner;
    if (job) this.surroundings.clock.after(10 * MINUTE, () => this.finish(job, "failure"));
  }

  isCancelled(job: ModelJob): boolean {
    const { cancelledAt } = job.about;
    const { clock, epoch } = this.surroundings;
    return cancelledAt !== null && clock.now() >= epoch + cancelledAt;
  }

  // --- the inside ------------------------------------------------------------------------------

  #queue(about: SimulatedJob): ModelJob {
    const now = this.surroundings.clock.now();
    const job: ModelJob = {
      id: about.id,
      about,
      labels: toLabelSet(LABELS[about.pool]),
      status: "queued",
      conclusion: null,
      runner: null,
      startedAt: null,
      completedAt: null,
      createdAt: now,
      heard: false,
      stale: { status: "queued", until: now + LAG },
      news: null,
    };
    this.jobs.set(job.id, job);
    this.surroundings.tell(`job ${job.id} is queued for ${about.pool}`);
    this.events.announce(job);
    return job;
  }

  #cancel({ id }: SimulatedJob): void {
    const job = this.jobs.get(id);
    if (!job || job.status === "completed") return;
    this.surroundings.tell(`job ${id} is cancelled`);
    const runner = this.runners.get(job.runner ?? "");
    // A running one is ended by its runner.
    if (runner?.online === true) runner.onChange();
    else if (job.status === "queued") this.#complete(job, "cancelled");
  }

  #complete(job: ModelJob, conclusion: string): void {
    const now = this.surroundings.clock.now();
    job.stale = { status: job.status, until: now + LAG };
    job.status = "completed";
    job.conclusion = conclusion;
    job.completedAt = now;
    this.surroundings.tell(`job ${job.id} is completed: ${conclusion}`);
    this.events.announce(job);
    this.#queueDependents();
    this.#route();
  }

  #queueDependents(): void {
    for (const about of this.surroundings.scenario.jobs) {
      if (!about.needs || this.jobs.has(about.id)) continue;
      const isOver = (id: number): boolean => this.jobs.get(id)?.status === "completed";
      if (about.needs.every(isOver)) this.#queue(about);
    }
  }

  protected remove(runner: ModelRunner): void {
    this.runners.delete(runner.name);
    runner.onChange();
  }

  /** GitHub itself removes runners that are idle, sometimes within minutes. */
  protected perhapsRemoved(runner: ModelRunner): void {
    const { faults, clock } = this.surroundings;
    if (!faults.strikes("runner-removed", runner.name)) return;
    clock.after(2 * MINUTE, () => {
      if (runner.job === null && this.runners.get(runner.name) === runner) this.remove(runner);
    });
  }

  /** A job that nobody told the program of is the first to see a new runner. */
  #surprise(runner: ModelRunner): void {
    const { faults, clock, epoch } = this.surroundings;
    if (!faults.strikes("runner-taken-by-unknown", runner.name)) return;
    this.#lastSurprise += 1;
    const pool = runner.labels.includes("small") ? "small" : "large";
    this.events.mute(this.#lastSurprise);
    const job = this.#queue({
      id: this.#lastSurprise,
      pool,
      queuedAt: clock.now() - epoch,
      inBurst: false,
      duration: 3 * MINUTE,
      cancelledAt: null,
      repository: "model",
      user: "ada",
    });
    this.#assign(runner, job);
  }

  /** Which of the fitting jobs a runner gets is GitHub's choice. */
  #route(): void {
    const { scenario, faults } = this.surroundings;
    for (const runner of this.runners.values()) {
      if (!runner.online || runner.job !== null) continue;
      const fitting = [...this.jobs.values()].filter(
        (job) =>
          job.status === "queued" && job.labels.every((label) => runner.labels.includes(label)),
      );
      if (fitting.length === 0) continue;
      // It is online, and is given nothing.
      if (faults.strikes("runner-idles", runner.name)) continue;
      const intended = this.intendedJobOf(runner.name);
      const mates = fitting.filter(({ id }) => id !== intended);
      const mate = mates.length > 0 && faults.strikes("runner-taken-by-lane-mate", runner.name);
      const candidates = mate ? mates : fitting;
      const choice = Math.floor(chance(scenario.seed, "route", runner.name) * candidates.length);
      const job = candidates[choice];
      if (job) this.#assign(runner, job);
    }
  }

  #assign(runner: ModelRunner, job: ModelJob): void {
    const now = this.surroundings.clock.now();
    job.stale = { status: job.status, until: now + LAG };
    runner.job = job;
    job.status = "in_progress";
    job.runner = runner.name;
    job.startedAt = now;
    this.surroundings.tell(`job ${job.id} runs on ${runner.name}`);
    this.onAssign(runner, job);
    this.events.announce(job);
    runner.onChange();
  }
}
