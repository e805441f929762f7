import { printable, toLabelSet } from "../domain/labels.ts";
import type { EpochMs } from "../domain/time.ts";
import type { JobNews, RegistrationScope } from "../domain/workflow-job.ts";
import type { Octokit } from "./octokit.ts";

export interface Repository {
  readonly name: string;
  readonly pushedAt: EpochMs;
}

/** The organizations on which the App is installed, without suspended ones. */
export async function listScopes(octokit: Octokit): Promise<readonly RegistrationScope[]> {
  const installations = await octokit.paginate(octokit.rest.apps.listInstallations, {
    per_page: 100,
    request: { retries: 0 },
  });
  return installations.flatMap((each) => {
    const { account } = each;
    if (!account || !("login" in account) || each.suspended_at) return [];
    return each.target_type === "Organization"
      ? [{ installationId: each.id, organization: account.login }]
      : [];
  });
}

/** Repositories of an installation, the one with the newest push first. Archived and disabled ones run nothing. */
export async function listRepositories(octokit: Octokit): Promise<readonly Repository[]> {
  const repositories = await octokit.paginate(octokit.rest.apps.listReposAccessibleToInstallation, {
    per_page: 100,
    request: { retries: 0 },
  });
  return repositories
    .filter((each) => !each.archived && !each.disabled)
    .map((each) => ({ name: each.name, pushedAt: Date.parse(each.pushed_at ?? "") || 0 }))
    .toSorted((a, b) => b.pushedAt - a.pushedAt);
}

/** Runs that can hold queued jobs: at most the newest 100 of each status. Two requests. */
export async function listActiveRuns(
  octokit: Octokit,
  scope: RegistrationScope,
  repository: string,
): Promise<readonly number[]> {
  const ids = new Set<number>();
  for (const status of ["queued", "in_progress"] as const) {
    const { data } = await octokit.rest.actions.listWorkflowRunsForRepo({
      owner: scope.organization,
      repo: repository,
      status,
      per_page: 100,
      request: { retries: 0 },
    });
    for (const run of data.workflow_runs) ids.add(run.id);
  }
  return [...ids];
}

/** The jobs of a run's latest attempt, as news. */
export async function listJobs(
  octokit: Octokit,
  scope: RegistrationScope,
  repository: string,
  runId: number,
  now: EpochMs,
): Promise<readonly JobNews[]> {
  const jobs = await octokit.paginate(octokit.rest.actions.listJobsForWorkflowRun, {
    owner: scope.organization,
    repo: repository,
    run_id: runId,
    per_page: 100,
    request: { retries: 0 },
  });
  return jobs.map((job) => ({
    id: job.id,
    runId: job.run_id,
    runAttempt: job.run_attempt ?? 1,
    scope,
    repository,
    workflowName: job.workflow_name === null ? null : printable(job.workflow_name, 255),
    name: printable(job.name, 255),
    headBranch: job.head_branch === null ? null : printable(job.head_branch, 255),
    labels: toLabelSet(job.labels),
    status:
      job.status === "queued" || job.status === "in_progress" || job.status === "completed"
        ? job.status
        : "waiting",
    conclusion: job.conclusion,
    runnerName: job.runner_name || null,
    createdAt: Date.parse(job.created_at) || now,
    startedAt: Date.parse(job.started_at) || null,
    completedAt: job.completed_at === null ? null : Date.parse(job.completed_at) || null,
    observedAt: now,
  }));
}
