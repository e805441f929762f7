import { hasHad } from "../domain/allocation.ts";
import { foundBusy } from "../domain/runner.ts";
import { hear, type JobNews, type WorkflowJob } from "../domain/workflow-job.ts";
import type { Store } from "../store/store.ts";

function tellsNothingNew(known: WorkflowJob, job: WorkflowJob): boolean {
  return (
    known.status === job.status &&
    known.conclusion === job.conclusion &&
    known.runnerName === job.runnerName &&
    known.startedAt === job.startedAt &&
    known.completedAt === job.completedAt &&
    known.actor === job.actor
  );
}

/** Stores news of a job and ties it to our runner, if one of ours took it. Must run in a transaction or alone. */
export function hearJobNews(store: Store, news: JobNews): WorkflowJob {
  const known = store.jobs.get(news.id);
  const job = hear(known, news);
  // Only that it was seen again: a sweep says so of every job, and it may be forgotten in a crash.
  if (known && tellsNothingNew(known, job)) store.jobs.touch(job.id, job);
  else store.saveJob(job);
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
