import { toLabelSet, type LabelSet } from "../../src/domain/labels.ts";
import { MINUTE, SECOND } from "../../src/domain/time.ts";
import type { JobNews, WorkflowJobStatus } from "../../src/domain/workflow-job.ts";
import type { GitHub, GitHubTrouble, MintOutcome } from "../../src/github/github.ts";
import type { Delivery } from "../../src/intake/intake.ts";
import { chance } from "./random.ts";
import type { SimulatedJob } from "./scenario.ts";
import { delay, type Surroundings } from "./world.ts";

export const SCOPE = { installationId: 7, organization: "science" };
const LABELS = {
  small: ["self-hosted", "small"],
  large: ["self-hosted", "large"],
  nowhere: ["self-hosted", "nowhere"],
} as const;

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

/** GitHub, as the program sees it: slow, forgetful, and right in the end. */
export class GitHubModel implements GitHub {
  readonly jobs = new Map<number, ModelJob>();
  readonly runners = new Map<string, ModelRunner>();
  /** Deliveries that did not come; the App's log has those that were made. */
  readonly #undelivered = new Map<string, Delivery>();
  readonly #surroundings: Surroundings;
  readonly #deliver: (delivery: Delivery) => Promise<void>;
  readonly #burst: (() => void)[] = [];
  calls = 0;
  mints = 0;
  #lastId = 0;
  #deliveries = 0;

  constructor(surroundings: Surroundings, deliver: (delivery: Delivery) => Promise<void>) {
    this.#surroundings = surroundings;
    this.#deliver = deliver;
    const { scenario, clock, epoch } = surroundings;
    for (const about of scenario.jobs) {
      if (!about.needs) clock.at(epoch + about.queuedAt, () => this.#queue(about));
      if (about.cancelledAt !== null)
        clock.at(epoch + about.cancelledAt, () => this.#cancel(about));
    }
  }

  // --- what the program asks -------------------------------------------------------------------

  mint(request: Parameters<GitHub["mint"]>[0]): Promise<MintOutcome> {
    this.mints += 1;
    return this.#call<MintOutcome>(`mint ${request.name}`, () => {
      if (this.runners.has(request.name)) return { kind: "name-taken" };
      this.#lastId += 1;
      const runner: ModelRunner = {
        id: this.#lastId,
        name: request.name,
        labels: request.labels,
        online: false,
        job: null,
        onChange: () => undefined,
      };
      this.runners.set(runner.name, runner);
      this.#perhapsRemoved(runner);
      return { kind: "minted", runnerId: runner.id, jitConfig: `JIT:${runner.name}` };
    });
  }

  findRunner(_scope: typeof SCOPE, name: string): ReturnType<GitHub["findRunner"]> {
    return this.#call(`find ${name}`, () => {
      const runner = this.runners.get(name);
      return runner
        ? { kind: "found" as const, runnerId: runner.id, busy: runner.job !== null }
        : { kind: "absent" as const };
    });
  }

  deleteRunner(_scope: typeof SCOPE, runnerId: number): ReturnType<GitHub["deleteRunner"]> {
    return this.#call(`delete ${runnerId}`, () => {
      const runner = [...this.runners.values()].find(({ id }) => id === runnerId);
      if (!runner) return { kind: "gone" as const };
      if (runner.job !== null) return { kind: "busy" as const };
      this.#remove(runner);
      return { kind: "gone" as const };
    });
  }

  job(_scope: typeof SCOPE, _repository: string, jobId: number): ReturnType<GitHub["job"]> {
    const { faults } = this.#surroundings;
    return this.#call(`job ${jobId}`, () => {
      const job = this.jobs.get(jobId);
      if (!job || (faults.strikes("github-stale", jobId) && this.#age(job) < MINUTE)) {
        return { kind: "absent" as const };
      }
      const { status, conclusion, startedAt, completedAt } = job;
      return {
        kind: "found" as const,
        job: { status, conclusion, runnerName: job.runner, startedAt, completedAt },
      };
    });
  }

  /** What recovery finds: failed deliveries in the App's log, then queued jobs that no event told of. */
  async recover(hear: (news: JobNews) => void): Promise<void> {
    const { faults } = this.#surroundings;
    await this.#sleep(SECOND, 5 * SECOND, "recover", this.#deliveries);
    if (faults.strikes("recovery-fails")) return;
    const failed = new Map(this.#undelivered);
    for (const [guid, delivery] of failed) {
      await this.#deliver(delivery);
      this.#undelivered.delete(guid);
    }
    for (const job of this.jobs.values()) {
      if (job.status === "completed") continue;
      hear(this.#newsOf(job));
      job.heard = true;
    }
  }

  // --- what runners do -------------------------------------------------------------------------

  connect(name: string, onChange: () => void): ModelRunner | null {
    const runner = this.runners.get(name);
    if (!runner) return null;
    runner.online = true;
    runner.onChange = onChange;
    this.#route();
    return runner;
  }

  /** The job of a runner ended by itself. */
  finish(job: ModelJob, conclusion: string): void {
    if (job.status !== "in_progress") return;
    const runner = this.runners.get(job.runner ?? "");
    if (runner) {
      runner.job = null;
      this.#remove(runner);
    }
    this.#complete(job, conclusion);
  }

  /** A runner's process is gone. GitHub notices the loss of a job's runner after ten minutes. */
  disconnect(runner: ModelRunner): void {
    runner.online = false;
    runner.onChange = () => undefined;
    const { job } = runner;
    if (job) this.#surroundings.clock.after(10 * MINUTE, () => this.finish(job, "failure"));
  }

  // --- the inside ------------------------------------------------------------------------------

  #queue(about: SimulatedJob): void {
    const now = this.#surroundings.clock.now();
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
    };
    this.jobs.set(job.id, job);
    this.#surroundings.tell(`job ${job.id} is queued for ${about.pool}`);
    this.#announce(job);
    this.#route();
  }

  #cancel({ id }: SimulatedJob): void {
    const job = this.jobs.get(id);
    if (!job || job.status === "completed") return;
    this.#surroundings.tell(`job ${id} is cancelled`);
    const runner = this.runners.get(job.runner ?? "");
    // A running one is ended by its runner.
    if (runner?.online === true) runner.onChange();
    else if (job.status === "queued") this.#complete(job, "cancelled");
  }

  isCancelled(job: ModelJob): boolean {
    const { cancelledAt } = job.about;
    const { clock, epoch } = this.#surroundings;
    return cancelledAt !== null && clock.now() >= epoch + cancelledAt;
  }

  #complete(job: ModelJob, conclusion: string): void {
    job.status = "completed";
    job.conclusion = conclusion;
    job.completedAt = this.#surroundings.clock.now();
    this.#surroundings.tell(`job ${job.id} is completed: ${conclusion}`);
    this.#announce(job);
    this.#queueDependents();
    this.#route();
  }

  #queueDependents(): void {
    for (const about of this.#surroundings.scenario.jobs) {
      if (!about.needs || this.jobs.has(about.id)) continue;
      const isOver = (id: number): boolean => this.jobs.get(id)?.status === "completed";
      if (about.needs.every(isOver)) this.#queue(about);
    }
  }

  #remove(runner: ModelRunner): void {
    this.runners.delete(runner.name);
    runner.onChange();
  }

  /** GitHub itself removes runners that are idle, sometimes within minutes. */
  #perhapsRemoved(runner: ModelRunner): void {
    const { faults, clock } = this.#surroundings;
    if (!faults.strikes("runner-removed", runner.name)) return;
    clock.after(2 * MINUTE, () => {
      if (runner.job === null && this.runners.get(runner.name) === runner) this.#remove(runner);
    });
  }

  /** Which of the fitting jobs a runner gets is GitHub's choice. */
  #route(): void {
    for (const runner of this.runners.values()) {
      if (!runner.online || runner.job !== null) continue;
      const fitting = [...this.jobs.values()].filter(
        (job) =>
          job.status === "queued" && job.labels.every((label) => runner.labels.includes(label)),
      );
      const { scenario, clock } = this.#surroundings;
      const choice = Math.floor(chance(scenario.seed, "route", runner.name) * fitting.length);
      const job = fitting[choice];
      if (!job) continue;
      runner.job = job;
      job.status = "in_progress";
      job.runner = runner.name;
      job.startedAt = clock.now();
      this.#surroundings.tell(`job ${job.id} runs on ${runner.name}`);
      this.#announce(job);
      runner.onChange();
    }
  }

  #newsOf(job: ModelJob): JobNews {
    return {
      id: job.id,
      runId: 1,
      runAttempt: 1,
      scope: SCOPE,
      repository: repositoryOf(job),
      workflowName: "ci",
      name: `job-${job.id}`,
      headBranch: "main",
      actor: "researcher",
      labels: job.labels,
      status: job.status,
      conclusion: job.conclusion,
      runnerName: job.runner,
      createdAt: job.createdAt,
      startedAt: job.startedAt,
      completedAt: job.completedAt,
      observedAt: this.#surroundings.clock.now(),
    };
  }

  /** Sends an event on its way: it may be late, come twice, be refused, or never be. */
  #announce(job: ModelJob): void {
    const { faults, clock } = this.#surroundings;
    const key = `${job.id} ${job.status}`;
    if (faults.strikes("event-never-made", key)) return;
    this.#deliveries += 1;
    const guid = `delivery-${this.#deliveries}`;
    const payload = JSON.parse(JSON.stringify(payloadOf(job))) as unknown;
    const delivery: Delivery = { guid, event: "workflow_job", payload };
    if (faults.strikes("event-lost", key)) {
      this.#undelivered.set(guid, delivery);
      return;
    }
    const late = faults.strikes("event-late", key) ? 20 * MINUTE : 5 * SECOND;
    const times = faults.strikes("event-repeated", key) ? 3 : 1;
    for (let turn = 0; turn < times; turn++) {
      const after = delay(this.#surroundings, 100, late, "event", key, turn);
      const send = (): void => void this.#send(job, delivery);
      const together = job.about.inBurst && late === 5 * SECOND && turn === 0;
      if (together) this.#sendTogether(send);
      else clock.after(after, send);
    }
  }

  /** The events of one moment arrive in one moment. */
  #sendTogether(send: () => void): void {
    const { clock } = this.#surroundings;
    this.#burst.push(send);
    if (this.#burst.length > 1) return;
    clock.after(SECOND, () => {
      for (const each of this.#burst.splice(0)) each();
    });
  }

  async #send(job: ModelJob, delivery: Delivery): Promise<void> {
    try {
      if (this.#surroundings.faults.strikes("event-refused", delivery.guid)) throw new Error("500");
      await this.#deliver(delivery);
      job.heard = true;
    } catch {
      // GitHub does not try again by itself; the log has it.
      this.#undelivered.set(delivery.guid, delivery);
    }
  }

  #age(job: ModelJob): number {
    return this.#surroundings.clock.now() - job.createdAt;
  }

  #sleep(least: number, most: number, ...words: readonly (string | number)[]): Promise<void> {
    return this.#surroundings.clock.sleep(delay(this.#surroundings, least, most, ...words));
  }

  async #call<T>(what: string, work: () => T): Promise<T | GitHubTrouble> {
    const { faults } = this.#surroundings;
    this.calls += 1;
    const writes = what.startsWith("mint") || what.startsWith("delete");
    await this.#sleep(100, 2 * SECOND, what, this.calls);
    if (faults.strikes("github-429", what)) {
      return { kind: "retry", reason: "429", afterMs: this.calls % 2 === 0 ? 90 * SECOND : null };
    }
    if (writes && faults.strikes("github-refused", what)) {
      return { kind: "refused", reason: "403: no permission" };
    }
    if (faults.strikes("github-5xx", what)) return { kind: "unknown", reason: "502" };
    if (faults.strikes("github-hang", what)) {
      // The caller gives up after a minute; the work may be done nine minutes later.
      this.#surroundings.clock.after(10 * MINUTE, () => void work());
      await this.#surroundings.clock.sleep(MINUTE);
      return { kind: "unknown", reason: "no answer in 60 s" };
    }
    const outcome = work();
    if (faults.strikes("github-5xx-done", what)) return { kind: "unknown", reason: "502" };
    return outcome;
  }
}

function repositoryOf({ about }: ModelJob): string {
  return about.repository ?? "model";
}

/** As GitHub's payload is read by intake. */
function payloadOf(job: ModelJob): object {
  const time = (ms: number | null): string | null =>
    ms === null ? null : new Date(ms).toISOString();
  return {
    action: job.status,
    workflow_job: {
      id: job.id,
      run_id: 1,
      run_attempt: 1,
      name: `job-${job.id}`,
      workflow_name: "ci",
      head_branch: "main",
      labels: job.labels,
      status: job.status,
      conclusion: job.conclusion,
      runner_name: job.runner,
      created_at: time(job.createdAt),
      started_at: time(job.startedAt),
      completed_at: time(job.completedAt),
    },
    repository: { name: repositoryOf(job), owner: { login: SCOPE.organization } },
    organization: { login: SCOPE.organization },
    installation: { id: SCOPE.installationId },
  };
}
