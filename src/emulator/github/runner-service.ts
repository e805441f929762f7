import type { IncomingMessage, ServerResponse } from "node:http";
import { setTimeout as wait } from "node:timers/promises";
import { z } from "zod";
import type { Actions } from "./actions.ts";
import type { EmulatedJob, EmulatedRunner, GitHubState } from "./state.ts";

/** A job as its runner gets it. */
export const JobMessage = z.object({
  id: z.number(),
  name: z.string(),
  repository: z.string(),
  runId: z.number(),
  steps: z.array(
    z.object({ number: z.number(), name: z.string(), run: z.string(), always: z.boolean() }),
  ),
});
export type JobMessage = z.infer<typeof JobMessage>;

/** What a runner tells of a step or of its job's end. */
export const Progress = z.object({
  step: z.number().optional(),
  log: z.string().max(1_000_000).default(""),
  conclusion: z.enum(["success", "failure", "cancelled"]).nullable(),
});
export type Progress = z.infer<typeof Progress>;

/** Milliseconds a runner's question stays open while there is no job; GitHub's takes 50 s. */
const LONG_POLL = 20_000;

/**
 * What runners talk to. GitHub's own protocol is not public; this is ours, with its outcomes: one job a runner, 401 for
 * a registration that is gone, and a job that fails when its runner falls silent.
 *
 *     POST /_runner/{id}/message   asks for a job, and waits: 200 with it, 202 for none yet
 *     POST /_runner/{id}/watch     open while the job runs: 200 when it is to be cancelled
 *     POST /_runner/{id}/progress  a step began or ended, or the job did
 */
export class RunnerService {
  readonly #state: GitHubState;
  readonly #actions: Actions;
  /** Milliseconds after which the job of a silent runner fails; GitHub's are 10 min. */
  readonly #lostAfter: number;
  readonly #waiting = new Map<number, () => void>();
  readonly #cancelled = new Set<number>();
  readonly #over = new AbortController();

  constructor(state: GitHubState, actions: Actions, lostAfter: number) {
    this.#state = state;
    this.#actions = actions;
    this.#lostAfter = lostAfter;
  }

  /** Something about this runner changed: answer its question. */
  wake(runner: EmulatedRunner): void {
    this.#waiting.get(runner.id)?.();
  }

  cancel(job: EmulatedJob): void {
    if (job.status !== "in_progress" || job.runner === null) return;
    this.#cancelled.add(job.id);
    this.#waiting.get(job.runner.id)?.();
  }

  stop(): void {
    this.#over.abort();
    for (const wake of this.#waiting.values()) wake();
  }

  async handle(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    body: unknown,
  ): Promise<void> {
    const [, , id = "", what = ""] = path.split("/");
    const runner = this.#state.runners.get(Number(id));
    if (!runner || request.headers.authorization !== `Bearer ${runner.secret}`) {
      reply(response, 401, { message: "The runner registration has been deleted" });
    } else if (what === "message") await this.#message(response, runner);
    else if (what === "watch") await this.#watch(response, runner);
    else if (what === "progress") this.#progress(response, runner, Progress.parse(body));
    else reply(response, 404, { message: "Not Found" });
  }

  async #message(response: ServerResponse, runner: EmulatedRunner): Promise<void> {
    this.#actions.connect(runner);
    if (runner.job === null) await this.#wait(response, runner, LONG_POLL);
    if (response.destroyed) {
      runner.online = false;
      // It was given a job in the moment it left.
      if (runner.job !== null) void this.#loseLater(runner, runner.job);
    } else if (!this.#state.runners.has(runner.id)) {
      reply(response, 401, { message: "The runner registration has been deleted" });
    } else if (runner.job === null) reply(response, 202, {});
    else reply(response, 200, messageOf(runner.job));
  }

  async #watch(response: ServerResponse, runner: EmulatedRunner): Promise<void> {
    const { job } = runner;
    if (job !== null && !this.#cancelled.has(job.id)) {
      await this.#wait(response, runner, 2 ** 31 - 1);
    }
    if (job !== null && response.destroyed && job.status === "in_progress") {
      runner.online = false;
      void this.#loseLater(runner, job);
    } else reply(response, 200, { cancel: job !== null && this.#cancelled.has(job.id) });
  }

  #progress(response: ServerResponse, runner: EmulatedRunner, progress: Progress): void {
    const { job } = runner;
    if (job === null) return reply(response, 404, { message: "It runs no job" });
    job.log += progress.log;
    const step = job.steps.find(({ number }) => number === progress.step);
    if (step) {
      step.startedAt ??= new Date();
      step.status = progress.conclusion === null ? "in_progress" : "completed";
      step.conclusion = progress.conclusion;
      step.completedAt = progress.conclusion === null ? null : new Date();
    } else if (progress.conclusion !== null) this.#actions.finish(job, progress.conclusion);
    reply(response, 200, {});
  }

  /** Until the runner is woken, its client leaves, the time is over, or all ends. */
  async #wait(response: ServerResponse, runner: EmulatedRunner, ms: number): Promise<void> {
    const woken = new AbortController();
    const wake = (): void => woken.abort();
    this.#waiting.set(runner.id, wake);
    response.once("close", wake);
    await wait(ms, undefined, {
      signal: AbortSignal.any([woken.signal, this.#over.signal]),
      ref: false,
    }).catch(() => undefined);
    if (this.#waiting.get(runner.id) === wake) this.#waiting.delete(runner.id);
  }

  /** "The self-hosted runner lost communication with the server." */
  async #loseLater(runner: EmulatedRunner, job: EmulatedJob): Promise<void> {
    const signal = this.#over.signal;
    await wait(this.#lostAfter, undefined, { signal, ref: false }).catch(() => undefined);
    if (!signal.aborted && !runner.online) this.#actions.finish(job, "failure");
  }
}

function messageOf(job: EmulatedJob): JobMessage {
  return {
    id: job.id,
    name: job.definition.name,
    repository: job.run.repository.name,
    runId: job.run.id,
    steps: job.steps.map(({ number, name, run, always = false }) => ({
      number,
      name,
      run,
      always,
    })),
  };
}

function reply(response: ServerResponse, status: number, body: object): void {
  if (response.destroyed) return;
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
