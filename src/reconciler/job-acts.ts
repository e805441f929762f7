import { hear } from "../domain/workflow-job.ts";
import { hearJobNews } from "../intake/hear.ts";
import type { ActContext, ActionOf } from "./act-context.ts";
import { heedGitHub } from "./holds.ts";
import { MINUTE } from "../domain/time.ts";

/** GitHub's jobs API lags behind its events: a job younger than this may not be there yet (facts/github.md §1). */
const JOB_APPEARS_WITHIN = 10 * MINUTE;

/** What is asked and concluded about workflow jobs. */
export class JobActs {
  readonly #context: ActContext;

  constructor(context: ActContext) {
    this.#context = context;
  }

  async confirm({ jobId }: ActionOf<"confirm-job">): Promise<void> {
    const { store, ports, log } = this.#context;
    const asked = store.jobs.get(jobId);
    if (!asked) return;
    const outcome = await ports.github.job(asked.scope, asked.repository, jobId);
    heedGitHub(this.#context, asked.scope, outcome);
    const job = store.jobs.get(jobId) ?? asked;
    const observedAt = ports.clock.now();
    if (outcome.kind === "found") {
      hearJobNews(store, { ...job, ...outcome.job, observedAt });
    } else if (outcome.kind === "absent") {
      const old = observedAt - job.createdAt >= JOB_APPEARS_WITHIN;
      log.warn({ jobId, old }, "GitHub does not know a job that it told us of");
      store.saveJob(hear(job, { ...job, observedAt, status: old ? "completed" : job.status }));
    } else {
      log.warn({ jobId, reason: outcome.reason }, "Could not confirm a job");
      // As if asked: the next question is paced by it.
      store.jobs.touch(jobId, { ...job, observedAt });
    }
  }

  async refuse({ jobId, reason }: ActionOf<"refuse">): Promise<void> {
    const { store, log } = this.#context;
    const job = store.jobs.get(jobId);
    if (!job || job.status !== "queued") return;
    log.warn({ jobId, repository: job.repository, job: job.name, reason }, "Job refused");
    store.saveJob({ ...job, refusal: reason });
  }
}
