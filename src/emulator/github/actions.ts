import { randomBytes } from "node:crypto";
import type {
  Conclusion,
  EmulatedJob,
  EmulatedRun,
  EmulatedRunner,
  GitHubState,
  RunnerGroup,
} from "./state.ts";
import type { JobDefinition, WorkflowDefinition } from "./workflow.ts";

export type JobAction = "queued" | "waiting" | "in_progress" | "completed";

/** What the rest of the emulator is told of. */
export interface ActionsEvents {
  /** A job came to be, or changed its status. */
  readonly onJob: (job: EmulatedJob, action: JobAction) => void;
  /** A runner was given a job, or lost its registration. */
  readonly onRunner: (runner: EmulatedRunner) => void;
}

/** GitHub Actions: makes jobs of workflows, and gives each to a runner that offers all its labels. */
export class Actions {
  readonly #state: GitHubState;
  readonly #events: ActionsEvents;

  constructor(state: GitHubState, events: ActionsEvents) {
    this.#state = state;
    this.#events = events;
  }

  /** Runs a workflow, as a push does. */
  run(workflow: WorkflowDefinition): EmulatedRun {
    const repository = this.#state.repository(workflow.repository);
    if (!repository) throw new Error(`There is no repository ${workflow.repository}`);
    repository.pushedAt = new Date();
    const run: EmulatedRun = {
      id: this.#state.nextId(),
      number: this.#state.runs.length + 1,
      repository,
      workflow,
      headSha: randomBytes(20).toString("hex"),
      jobs: [],
      createdAt: new Date(),
      failedToStart: false,
    };
    this.#state.runs.push(run);
    for (const definition of workflow.jobs) {
      if ((definition.needs ?? []).length === 0) this.#create(run, definition);
    }
    this.#route();
    return run;
  }

  /** Opens the deployment gate of a waiting job. */
  approve(job: EmulatedJob): void {
    if (job.status !== "waiting") return;
    job.status = "queued";
    this.#events.onJob(job, "queued");
    this.#route();
  }

  /** As "Cancel workflow" does to one job. A running one is ended by its runner. */
  cancel(job: EmulatedJob): void {
    if (job.status === "queued" || job.status === "waiting") this.#complete(job, "cancelled");
  }

  register(name: string, labels: readonly string[], group: RunnerGroup): EmulatedRunner {
    const runner: EmulatedRunner = {
      id: this.#state.nextId(),
      name,
      // GitHub stores them in lower case (facts/github.md §2).
      labels: labels.map((label) => label.toLowerCase()),
      group,
      secret: randomBytes(32).toString("hex"),
      createdAt: new Date(),
      online: false,
      job: null,
    };
    this.#state.runners.set(runner.id, runner);
    return runner;
  }

  connect(runner: EmulatedRunner): void {
    runner.online = true;
    this.#route();
  }

  /** Removes an idle registration; a busy one stays (422). */
  deregister(runner: EmulatedRunner): boolean {
    if (runner.job !== null) return false;
    this.#state.runners.delete(runner.id);
    this.#events.onRunner(runner);
    return true;
  }

  /** A runner's job ended; a just-in-time registration ends with it. */
  finish(job: EmulatedJob, conclusion: Conclusion): void {
    if (job.status !== "in_progress") return;
    const runner = job.runner ? this.#state.runners.get(job.runner.id) : undefined;
    if (runner) {
      runner.job = null;
      this.#state.runners.delete(runner.id);
      this.#events.onRunner(runner);
    }
    this.#complete(job, conclusion);
  }

  #create(run: EmulatedRun, definition: JobDefinition): EmulatedJob {
    const now = new Date();
    const job: EmulatedJob = {
      id: this.#state.nextId(),
      run,
      definition,
      status: definition.gated === true ? "waiting" : "queued",
      conclusion: null,
      runner: null,
      createdAt: now,
      startedAt: now,
      completedAt: null,
      steps: definition.steps.map((step, index) => ({
        ...step,
        number: index + 1,
        status: "queued",
        conclusion: null,
        startedAt: null,
        completedAt: null,
      })),
      log: "",
    };
    run.jobs.push(job);
    this.#state.jobs.set(job.id, job);
    this.#events.onJob(job, job.status === "waiting" ? "waiting" : "queued");
    return job;
  }

  #complete(job: EmulatedJob, conclusion: Conclusion): void {
    job.status = "completed";
    job.conclusion = conclusion;
    job.completedAt = new Date();
    this.#events.onJob(job, "completed");
    for (const definition of job.run.workflow.jobs) this.#createIfReady(job.run, definition);
    this.#route();
  }

  #createIfReady(run: EmulatedRun, definition: JobDefinition): void {
    const needs = definition.needs ?? [];
    if (needs.length === 0 || run.jobs.some((each) => each.definition === definition)) return;
    const needed = needs.map((name) => run.jobs.find((each) => each.definition.name === name));
    if (!needed.every((each) => each?.status === "completed")) return;
    const job = this.#create(run, definition);
    if (!needed.every((each) => each?.conclusion === "success")) this.#complete(job, "skipped");
  }

  /** Any online and idle runner that offers all labels may get a job: it need not be the one made for it. */
  #route(): void {
    for (const job of this.#state.jobs.values()) {
      if (job.status !== "queued" || job.run.failedToStart) continue;
      const wanted = job.definition.runsOn.map((label) => label.toLowerCase());
      const runner = [...this.#state.runners.values()].find(
        (each) =>
          each.online && each.job === null && wanted.every((label) => each.labels.includes(label)),
      );
      if (runner) this.#assign(job, runner);
    }
  }

  #assign(job: EmulatedJob, runner: EmulatedRunner): void {
    runner.job = job;
    job.status = "in_progress";
    job.startedAt = new Date();
    job.runner = { id: runner.id, name: runner.name, groupId: runner.group.id };
    this.#events.onJob(job, "in_progress");
    this.#events.onRunner(runner);
  }
}
