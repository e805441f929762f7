import type { Action } from "../action.ts";
import { canNeverRun } from "../pbs-job.ts";
import type { Runner } from "../runner.ts";
import { MINUTE } from "../time.ts";
import type { WorkflowJob } from "../workflow-job.ts";
import { leavesGitHubAlone } from "./github-holds.ts";
import type { Survey } from "./survey.ts";

/** Refuses what cannot be served, and asks GitHub again about what we may believe wrongly. */
export function planJobs(survey: Survey): Action[] {
  const runnerOf = new Map<number, Runner>();
  for (const runner of survey.world.runners) {
    const jobId = runner.servedJobId ?? runner.intendedJobId;
    if (runner.state === "delivered" || runner.servedJobId !== null) runnerOf.set(jobId, runner);
  }
  const actions: Action[] = survey.unroutable.map(({ job, reason }) => refuse(job, reason));
  const refused = new Set(survey.unroutable.map(({ job }) => job.id));
  for (const job of survey.world.jobs) {
    if (refused.has(job.id)) continue;
    if (isTooOld(survey, job)) {
      const hours = Math.round(survey.world.patience.queuedJob / (60 * MINUTE));
      actions.push(
        refuse(job, `It was queued for more than ${hours} hours, after which GitHub fails a job.`),
      );
    } else if (isInDoubt(survey, job, runnerOf.get(job.id))) {
      actions.push({ kind: "confirm-job", jobId: job.id });
    }
  }
  return [...actions, ...planRefusedSubmissions(survey), ...planImpossible(survey)];
}

function refuse(job: WorkflowJob, reason: string): Action {
  return { kind: "refuse", jobId: job.id, reason };
}

function isTooOld(survey: Survey, job: WorkflowJob): boolean {
  return job.status === "queued" && survey.now - job.createdAt >= survey.world.patience.queuedJob;
}

function isInDoubt(survey: Survey, job: WorkflowJob, runner: Runner | undefined): boolean {
  const { patience, inFlight } = survey.world;
  if (inFlight.has(`confirm-job:${job.id}`)) return false;
  if (leavesGitHubAlone(survey, job.scope)) return false;
  const age = survey.now - job.observedAt;
  const stale = job.status === "in_progress" ? patience.staleRunningJob : patience.staleJob;
  if (age >= stale) return true;
  const doubtedSince = runner ? doubtSince(survey, runner) : null;
  if (doubtedSince === null) return false;
  // First after the time an event may take, then at doubling distances.
  const asked = Math.max(0, job.observedAt - doubtedSince);
  return (
    age >= Math.max(patience.lateEvent, asked) && survey.now - doubtedSince >= patience.lateEvent
  );
}

/** Since when its runner no longer agrees with what we believe of the job. */
function doubtSince(survey: Survey, runner: Runner): number | null {
  if (runner.exit) return runner.exit.at;
  if (runner.goneAt !== null) return runner.goneAt;
  if (!survey.allocations.has(runner.allocation)) return runner.deliveredAt;
  // GitHub would not delete it because it runs a job: which one, no event has told us.
  return runner.servedJobId === null ? runner.busyAt : null;
}

/** What PBS refused for one job of a lane it refuses for all of them. */
function planRefusedSubmissions(survey: Survey): Action[] {
  const refused = survey.world.allocations.filter(({ submission }) => submission === "refused");
  const lanes = new Map(refused.map(({ lane, end }) => [lane.key, end ?? "no reason given"]));
  return [...lanes].flatMap(([key, reason]) => {
    const queued = survey.lanes.get(key)?.queued ?? [];
    return queued.map((job) => refuse(job, `PBS refused it: ${reason}`));
  });
}

/** The scheduler says that the request can never be met: its jobs would wait until GitHub fails them. */
function planImpossible(survey: Survey): Action[] {
  const actions: Action[] = [];
  for (const view of survey.lanes.values()) {
    const stuck = view.pending.find(
      ({ sighting, intendedAt }) =>
        sighting !== null &&
        canNeverRun(sighting.job) &&
        survey.now - intendedAt >= survey.world.patience.impossible,
    );
    if (!stuck) continue;
    const said = stuck.sighting?.job.comment ?? "";
    actions.push(
      ...view.queued.map((job) => refuse(job, `PBS cannot run what it asks for: ${said}.`)),
    );
  }
  return actions;
}
