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

export interface ActiveRun {
  readonly id: number;
  /** GitHub login of whoever set it off. */
  readonly actor: string | null;
}

/** Runs that can hold queued jobs: at most the newest 100 of each status. Two requests. */
export async function listActiveRuns(
  octokit: Octokit,
  scope: RegistrationScope,
  repository: string,
): Promise<readonly ActiveRun[]> {
  const runs = new Map<number, ActiveRun>();
  for (const status of ["queued", "in_progress"] as const) {
    const { data } = await octokit.rest.actions.listWorkflowRunsForRepo({
      owner: scope.organization,
      repo: repository,
      status,
      per_page: 100,
      request: { retries: 0 },
    });
    for (const { id, triggering_actor, actor } of data.workflow_runs) {
      const login = triggering_actor?.login ?? actor?.login ?? null;
      runs.set(id, { id, actor: login === null ? null : printable(login, 100) });
    }
  }
  return [...runs.values()];
}

/** The jobs of a run's latest attempt, as news. */
export async function listJobs(
  octokit: Octokit,
  scope: RegistrationScope,
  repository: string,
  run: ActiveRun,
  now: EpochMs,
): Promise<readonly JobNews[]> {
  const jobs = await octokit.paginate(octokit.rest.actions.listJobsForWorkflowRun, {
    owner: scope.organization,
    repo: repository,
    run_id: run.id,
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
    actor: run.actor,
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
