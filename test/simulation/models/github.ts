import { RequestError } from "@octokit/request-error";
import type { LabelSet } from "../../../src/domain/labels.ts";
import { MINUTE, SECOND } from "../../../src/domain/time.ts";
import type { JobNews } from "../../../src/domain/workflow-job.ts";
import type { GitHub, GitHubTrouble, MintOutcome } from "../../../src/github/github.ts";
import { troubleOf } from "../../../src/github/trouble.ts";
import { parseWorkflowJobEvent } from "../../../src/intake/workflow-job-event.ts";
import { delay } from "../world.ts";
import { ActionsModel, type ModelJob, type ModelRunner } from "./actions.ts";
import { payloadOf, SCOPE } from "./events.ts";

/** GitHub, as the program sees it: slow, forgetful, and right in the end. */
export class GitHubModel extends ActionsModel implements GitHub {
  /** GitHub said, at a time, not to be asked before another. */
  closed = { at: 0, until: 0 };
  calls = 0;
  mints = 0;
  #lastId = 0;

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
      this.perhapsRemoved(runner);
      return { kind: "minted", runnerId: runner.id, jitConfig: `${JIT}${name}` };
    };
    return this.#call<MintOutcome>(
      `mint ${name}`,
      () => {
        const outcome = register();
        // An earlier, identical request was carried out: by a proxy that tried again, say.
        const repeated = this.surroundings.faults.strikes("github-409", name);
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
      this.remove(runner);
      return { kind: "gone" as const };
    });
  }

  job(_scope: typeof SCOPE, _repository: string, jobId: number): ReturnType<GitHub["job"]> {
    const { faults, clock } = this.surroundings;
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
    const { faults, clock } = this.surroundings;
    await clock.sleep(delay(this.surroundings, SECOND, 5 * SECOND, "recover", clock.now()));
    if (faults.strikes("recovery-fails")) return;
    await this.events.redeliver();
    for (const job of this.jobs.values()) {
      if (job.status === "completed") continue;
      hear(this.#newsOf(job));
      job.heard = true;
    }
  }

  /** As the sweep reads it: with outsiders' text made harmless, as an event's is. */
  #newsOf(job: ModelJob): JobNews {
    const { status, conclusion, runner: runnerName, startedAt, completedAt } = job;
    const observedAt = this.surroundings.clock.now();
    job.news ??= readNews(job, observedAt);
    return { ...job.news, status, conclusion, runnerName, startedAt, completedAt, observedAt };
  }

  async #call<T>(
    what: string,
    work: () => T,
    mint?: { readonly name: string; readonly labels: LabelSet },
  ): Promise<T | GitHubTrouble> {
    const { faults, clock, see } = this.surroundings;
    this.calls += 1;
    see({ kind: "call", what, ...(mint ? { mint } : {}) });
    const writes = what.startsWith("mint") || what.startsWith("delete");
    await clock.sleep(delay(this.surroundings, 100, 2 * SECOND, what, this.calls));
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
    const now = this.surroundings.clock.now();
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
