import { hasHad } from "../domain/allocation.ts";
import { foundBusy } from "../domain/runner.ts";
import { hear, type JobNews, type WorkflowJob } from "../domain/workflow-job.ts";
import type { Store } from "../store/store.ts";

/** Stores news of a job and ties it to our runner, if one of ours took it. Must run in a transaction or alone. */
export function hearJobNews(store: Store, news: JobNews): WorkflowJob {
  const job = hear(store.jobs.get(news.id), news);
  store.saveJob(job);
  if (job.runnerName === null) return job;
  const runner = store.runners.get(job.runnerName);
  if (runner && runner.servedJobId === null) {
    const busy = foundBusy(runner, job.startedAt ?? job.observedAt);
    store.saveRunner({ ...busy, servedJobId: job.id });
    const allocation = store.allocations.get(runner.allocation);
    if (allocation) {
      const { repository, actor } = job;
      const served = hasHad(allocation, runner.turn);
      store.saveAllocation({ ...served, beneficiary: { repository, actor } });
    }
  }
  return job;
}
