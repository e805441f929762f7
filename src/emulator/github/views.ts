import { createHash } from "node:crypto";
import { outcomeOf } from "./state.ts";
import type {
  EmulatedJob,
  EmulatedRepository,
  EmulatedRun,
  EmulatedRunner,
  GitHubState,
  RunnerGroup,
} from "./state.ts";
import { REPOSITORY_CONSTANTS, repositoryUrls } from "./repository-fields.ts";

type Json = Readonly<Record<string, unknown>>;

/** What the emulated GitHub's answers look like: GitHub's OpenAPI description is what they are checked against. */
export class Views {
  readonly #state: GitHubState;
  /** Of the API, without a slash at its end. */
  readonly #api: string;
  readonly #web: string;

  constructor(state: GitHubState, api: string, web: string) {
    this.#state = state;
    this.#api = api;
    this.#web = web;
  }

  account(login: string, type: "User" | "Organization"): Json {
    const url = `${this.#api}/users/${login}`;
    return {
      login,
      id: type === "User" ? 2 : 1,
      node_id: nodeId(type, login),
      avatar_url: `${this.#web}/avatars/${login}`,
      gravatar_id: "",
      url,
      html_url: `${this.#web}/${login}`,
      followers_url: `${url}/followers`,
      following_url: `${url}/following{/other_user}`,
      gists_url: `${url}/gists{/gist_id}`,
      starred_url: `${url}/starred{/owner}{/repo}`,
      subscriptions_url: `${url}/subscriptions`,
      organizations_url: `${url}/orgs`,
      repos_url: `${url}/repos`,
      events_url: `${url}/events{/privacy}`,
      received_events_url: `${url}/received_events`,
      type,
      site_admin: false,
    };
  }

  organization(): Json {
    const login = this.#state.organization;
    const url = `${this.#api}/orgs/${login}`;
    return {
      login,
      id: 1,
      node_id: nodeId("Organization", login),
      url,
      repos_url: `${url}/repos`,
      events_url: `${url}/events`,
      hooks_url: `${url}/hooks`,
      issues_url: `${url}/issues`,
      members_url: `${url}/members{/member}`,
      public_members_url: `${url}/public_members{/member}`,
      avatar_url: `${this.#web}/avatars/${login}`,
      description: "",
    };
  }

  repository(repository: EmulatedRepository): Json {
    const owner = this.#state.organization;
    const fullName = `${owner}/${repository.name}`;
    const html = `${this.#web}/${fullName}`;
    const stamp = timestamp(repository.pushedAt);
    return {
      id: repository.id,
      node_id: nodeId("Repository", fullName),
      name: repository.name,
      full_name: fullName,
      private: true,
      owner: this.account(owner, "Organization"),
      html_url: html,
      description: null,
      fork: false,
      url: `${this.#api}/repos/${fullName}`,
      ...repositoryUrls(`${this.#api}/repos/${fullName}`),
      git_url: `git://github.example/${fullName}.git`,
      ssh_url: `git@github.example:${fullName}.git`,
      clone_url: `${html}.git`,
      svn_url: html,
      ...REPOSITORY_CONSTANTS,
      created_at: stamp,
      updated_at: stamp,
      pushed_at: stamp,
    };
  }

  /** As the jobs API and the event's `workflow_job` have it. */
  job(job: EmulatedJob): Json {
    const { run } = job;
    const repository = `${this.#api}/repos/${this.#state.organization}/${run.repository.name}`;
    const html = `${this.#web}/${this.#state.organization}/${run.repository.name}`;
    return {
      id: job.id,
      run_id: run.id,
      run_url: `${repository}/actions/runs/${run.id}`,
      run_attempt: 1,
      node_id: nodeId("CheckRun", String(job.id)),
      head_sha: run.headSha,
      head_branch: "main",
      workflow_name: run.workflow.name,
      url: `${repository}/actions/jobs/${job.id}`,
      html_url: `${html}/actions/runs/${run.id}/job/${job.id}`,
      check_run_url: `${repository}/check-runs/${job.id}`,
      status: job.status,
      conclusion: job.conclusion,
      created_at: timestamp(job.createdAt),
      started_at: timestamp(job.startedAt),
      completed_at: job.completedAt === null ? null : timestamp(job.completedAt),
      name: job.definition.name,
      steps: job.status === "queued" ? [] : job.steps.map(viewStep),
      labels: [...job.definition.runsOn],
      runner_id: job.runner?.id ?? null,
      runner_name: job.runner?.name ?? null,
      runner_group_id: job.runner?.groupId ?? null,
      runner_group_name:
        this.#state.groups.find(({ id }) => id === job.runner?.groupId)?.name ?? null,
    };
  }

  jobEvent(job: EmulatedJob, action: string): Json {
    return {
      action,
      workflow_job: this.job(job),
      repository: this.repository(job.run.repository),
      organization: this.organization(),
      sender: this.account("researcher", "User"),
      installation: {
        id: this.#state.installationId,
        node_id: nodeId("Installation", String(this.#state.installationId)),
      },
    };
  }

  run(run: EmulatedRun): Json {
    const { repository, id } = run;
    const base = `${this.#api}/repos/${this.#state.organization}/${repository.name}`;
    const url = `${base}/actions/runs/${id}`;
    const author = { name: "A Researcher", email: "researcher@example.org" };
    return {
      id,
      name: run.workflow.name,
      node_id: nodeId("WorkflowRun", String(id)),
      head_branch: "main",
      head_sha: run.headSha,
      path: `.github/workflows/${run.workflow.name}.yml`,
      display_title: "A push",
      run_number: run.number,
      run_attempt: 1,
      event: "push",
      ...outcomeOf(run),
      workflow_id: 1,
      url,
      html_url: `${this.#web}/${this.#state.organization}/${repository.name}/actions/runs/${id}`,
      pull_requests: [],
      created_at: timestamp(run.createdAt),
      updated_at: timestamp(new Date()),
      run_started_at: timestamp(run.createdAt),
      jobs_url: `${url}/jobs`,
      logs_url: `${url}/logs`,
      check_suite_url: `${base}/check-suites/${id}`,
      artifacts_url: `${url}/artifacts`,
      cancel_url: `${url}/cancel`,
      rerun_url: `${url}/rerun`,
      workflow_url: `${base}/actions/workflows/1`,
      head_commit: {
        id: run.headSha,
        tree_id: run.headSha,
        message: "A push",
        timestamp: timestamp(run.createdAt),
        author,
        committer: author,
      },
      repository: this.repository(repository),
      head_repository: this.repository(repository),
    };
  }

  runner(runner: EmulatedRunner): Json {
    return {
      id: runner.id,
      runner_group_id: runner.group.id,
      name: runner.name,
      os: "linux",
      status: runner.online ? "online" : "offline",
      busy: runner.job !== null,
      ephemeral: true,
      labels: runner.labels.map((name, index) => ({ id: index + 1, name, type: "read-only" })),
    };
  }

  runnerGroup({ id, name }: RunnerGroup): Json {
    const url = `${this.#api}/orgs/${this.#state.organization}/actions/runner-groups/${id}`;
    return {
      id,
      name,
      visibility: "all",
      default: id === 1,
      runners_url: `${url}/runners`,
      inherited: false,
      allows_public_repositories: false,
    };
  }

  installation(): Json {
    const { installationId, appId, organization } = this.#state;
    const stamp = "2026-01-01T00:00:00Z";
    return {
      id: installationId,
      account: this.account(organization, "Organization"),
      repository_selection: "all",
      access_tokens_url: `${this.#api}/app/installations/${installationId}/access_tokens`,
      repositories_url: `${this.#api}/installation/repositories`,
      html_url: `${this.#web}/organizations/${organization}/settings/installations/${installationId}`,
      app_id: appId,
      app_slug: "hpc-runners",
      target_id: 1,
      target_type: "Organization",
      permissions: PERMISSIONS,
      events: ["workflow_job"],
      created_at: stamp,
      updated_at: stamp,
      single_file_name: null,
      suspended_by: null,
      suspended_at: null,
    };
  }

  app(): Json {
    return {
      id: this.#state.appId,
      slug: "hpc-runners",
      node_id: nodeId("App", String(this.#state.appId)),
      owner: this.account(this.#state.organization, "Organization"),
      name: "hpc-runners",
      description: null,
      external_url: this.#web,
      html_url: `${this.#web}/apps/hpc-runners`,
      created_at: "2026-01-01T00:00:00Z",
      updated_at: "2026-01-01T00:00:00Z",
      permissions: PERMISSIONS,
      events: ["workflow_job"],
    };
  }
}

/** What app.yml asks for. */
export const PERMISSIONS = {
  actions: "read",
  organization_self_hosted_runners: "write",
  metadata: "read",
} as const;

/** Without milliseconds, as GitHub writes times. */
export function timestamp(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, "Z");
}

function viewStep(step: EmulatedJob["steps"][number]): Json {
  return {
    name: step.name,
    status: step.status,
    conclusion: step.conclusion,
    number: step.number,
    started_at: step.startedAt === null ? null : timestamp(step.startedAt),
    completed_at: step.completedAt === null ? null : timestamp(step.completedAt),
  };
}

function nodeId(kind: string, of: string): string {
  return createHash("sha256").update(`${kind}:${of}`).digest("base64url").slice(0, 20);
}
