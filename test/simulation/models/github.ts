import { RequestError } from "@octokit/request-error";
import { toLabelSet, type LabelSet } from "../../../src/domain/labels.ts";
import { MINUTE, SECOND } from "../../../src/domain/time.ts";
import type { JobNews, WorkflowJobStatus } from "../../../src/domain/workflow-job.ts";
import type { GitHub, GitHubTrouble, MintOutcome } from "../../../src/github/github.ts";
import { troubleOf } from "../../../src/github/trouble.ts";
import { parseWorkflowJobEvent } from "../../../src/intake/workflow-job-event.ts";
import { chance } from "../random.ts";
import type { SimulatedJob } from "../scenario.ts";
import { delay, hostile, type Surroundings } from "../world.ts";
import { payloadOf, SCOPE, type Events } from "./events.ts";

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

/** GitHub, as the program sees it: slow, forgetful, and right in the end. */
export class GitHubModel implements GitHub {
  readonly jobs = new Map<number, ModelJob>();
  readonly runners = new Map<string, ModelRunner>();
  readonly #surroundings: Surroundings;
  readonly #events: Events;
  /** Called when a runner gets a job. */
  onAssign: (runner: ModelRunner, job: ModelJob) => void = () => undefined;
  /** The job that a runner was made for. */
  intendedJobOf: (runner: string) => number | null = () => null;
  /** GitHub said, at a time, not to be asked before another. */
  closed = { at: 0, until: 0 };
  calls = 0;
  mints = 0;
  #lastId = 0;
  #lastSurprise = 5_000;

  constructor(surroundings: Surroundings, events: Events) {
    this.#surroundings = surroundings;
    this.#events = events;
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

  // --- what the program asks -------------------------------------------------------------------

  mint({ name, labels }: Parameters<GitHub["mint"]>[0]): Promise<MintOutcome> {
    this.mints += 1;
    const register = (): MintOutcome => {
      if (this.runners.has(name)) return { kind: "name-taken" };
      this.#lastId += 1;
      const runner: ModelRunner = {
        id: this.#lastId,
        name,
        labels,
        online: false,
        job: null,
        onChange: () => undefined,
      };
      this.runners.set(name, runner);
      this.#perhapsRemoved(runner);
      return { kind: "minted", runnerId: runner.id, jitConfig: `${JIT}${name}` };
    };
    return this.#call<MintOutcome>(
      `mint ${name}`,
      () => {
        const outcome = register();
        // An earlier, identical request was carried out: by a proxy that tried again, say.
        const repeated = this.#surroundings.faults.strikes("github-409", name);
        return repeated ? { kind: "name-taken" } : outcome;
      },
      { name, labels },
    );
  }

  findRunner(_scope: typeof SCOPE, name: string): ReturnType<GitHub["findRunner"]> {
    return this.#call(`find ${name}`, () => {
      const runner = this.runners.get(name);
      return runner
        ? { kind: "found" as const, runnerId: runner.id, busy: runner.job !== null }
        : { kind: "absent" as const };
    });
  }

  listRunners(): ReturnType<GitHub["listRunners"]> {
    return this.#call("list runners", () => {
      const all = [...this.runners.values()];
      return {
        kind: "listed" as const,
        runners: all.map(({ id, name, job }) => ({ scope: SCOPE, id, name, busy: job !== null })),
      };
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
    const { faults, clock } = this.#surroundings;
    return this.#call(`job ${jobId}`, () => {
      const job = this.jobs.get(jobId);
      if (!job) return { kind: "absent" as const };
      const stale = job.stale.until > clock.now() && faults.strikes("github-stale", jobId);
      if (stale && job.stale.status === job.status) return { kind: "absent" as const };
      const { conclusion, startedAt, completedAt, runner: runnerName } = job;
      const { status } = stale ? job.stale : job;
      const shown =
        status === "queued"
          ? { status, conclusion: null, runnerName: null, startedAt: null, completedAt: null }
          : { status, conclusion, runnerName, startedAt, completedAt };
      return { kind: "found" as const, job: shown };
    });
  }

  /** What recovery finds: failed deliveries in the App's log, then queued jobs that no event told of. */
  async recover(hear: (news: JobNews) => void): Promise<void> {
    const { faults, clock } = this.#surroundings;
    await clock.sleep(delay(this.#surroundings, SECOND, 5 * SECOND, "recover", clock.now()));
    if (faults.strikes("recovery-fails")) return;
    await this.#events.redeliver();
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

  isCancelled(job: ModelJob): boolean {
    const { cancelledAt } = job.about;
    const { clock, epoch } = this.#surroundings;
    return cancelledAt !== null && clock.now() >= epoch + cancelledAt;
  }

  // --- the inside ------------------------------------------------------------------------------

  #queue(about: SimulatedJob): ModelJob {
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
      stale: { status: "queued", until: now + LAG },
      news: null,
    };
    this.jobs.set(job.id, job);
    this.#surroundings.tell(`job ${job.id} is queued for ${about.pool}`);
    this.#events.announce(job);
    return job;
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

  #complete(job: ModelJob, conclusion: string): void {
    const now = this.#surroundings.clock.now();
    job.stale = { status: job.status, until: now + LAG };
    job.status = "completed";
    job.conclusion = conclusion;
    job.completedAt = now;
    this.#surroundings.tell(`job ${job.id} is completed: ${conclusion}`);
    this.#events.announce(job);
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

  /** A job that nobody told the program of is the first to see a new runner. */
  #surprise(runner: ModelRunner): void {
    const { faults, clock, epoch } = this.#surroundings;
    if (!faults.strikes("runner-taken-by-unknown", runner.name)) return;
    this.#lastSurprise += 1;
    const pool = runner.labels.includes("small") ? "small" : "large";
    this.#events.mute(this.#lastSurprise);
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
    const { scenario, faults } = this.#surroundings;
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
    const now = this.#surroundings.clock.now();
    job.stale = { status: job.status, until: now + LAG };
    runner.job = job;
    job.status = "in_progress";
    job.runner = runner.name;
    job.startedAt = now;
    this.#surroundings.tell(`job ${job.id} runs on ${runner.name}`);
    this.onAssign(runner, job);
    this.#events.announce(job);
    runner.onChange();
  }

  /** As the sweep reads it: with outsiders' text made harmless, as an event's is. */
  #newsOf(job: ModelJob): JobNews {
    const { status, conclusion, runner: runnerName, startedAt, completedAt } = job;
    const observedAt = this.#surroundings.clock.now();
    job.news ??= readNews(job, observedAt);
    return { ...job.news, status, conclusion, runnerName, startedAt, completedAt, observedAt };
  }

  async #call<T>(
    what: string,
    work: () => T,
    mint?: { readonly name: string; readonly labels: LabelSet },
  ): Promise<T | GitHubTrouble> {
    const { faults, clock, see } = this.#surroundings;
    this.calls += 1;
    see({ kind: "call", what, ...(mint ? { mint } : {}) });
    const writes = what.startsWith("mint") || what.startsWith("delete");
    await clock.sleep(delay(this.#surroundings, 100, 2 * SECOND, what, this.calls));
    if (faults.strikes("github-429", what)) return this.#refuse(429, {});
    const after = { "retry-after": "90" };
    if (faults.strikes("github-429-retry-after", what)) return this.#refuse(429, after);
    if (faults.strikes("github-403-retry-after", what)) return this.#refuse(403, after);
    if (writes && faults.strikes("github-403", what)) return this.#refuse(403, {});
    if (faults.strikes("github-5xx", what)) return this.#refuse(502, {});
    if (faults.strikes("github-hang", what)) {
      // The caller gives up after a minute; the work may be done nine minutes later.
      clock.after(10 * MINUTE, () => void work());
      await clock.sleep(MINUTE);
      return { kind: "unknown", reason: "no answer in 60 s" };
    }
    const outcome = work();
    if (faults.strikes("github-5xx-done", what)) return this.#refuse(502, {});
    return outcome;
  }

  /** An error answer, as Octokit tells of it, in the program's own words. */
  #refuse(status: number, headers: Readonly<Record<string, string>>): GitHubTrouble {
    const now = this.#surroundings.clock.now();
    const error = new RequestError(`answer ${status}`, status, {
      request: { method: "GET", url: "https://api.github.test", headers: {} },
      response: { status, url: "https://api.github.test", headers, data: {} },
    });
    const trouble = troubleOf(error, now);
    if (trouble.kind === "retry" && trouble.afterMs !== null) {
      const until = now + trouble.afterMs;
      if (until > this.closed.until) this.closed = { at: now, until };
    }
    return trouble;
  }
}

function readNews(job: ModelJob, now: number): JobNews {
  const parsed = parseWorkflowJobEvent(payloadOf(job), now);
  if (parsed.kind !== "news") throw new Error(`The model's payload is ${parsed.kind}`);
  return parsed.news;
}

/** What every JIT configuration begins with: wherever it turns up, a secret has come. */
export const JIT = "JIT-SECRET:";
