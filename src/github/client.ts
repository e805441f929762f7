import type { Octokit } from "./octokit.ts";
import Bottleneck from "bottleneck";
import { RequestError } from "@octokit/request-error";
import type { RegistrationScope, WorkflowJobStatus } from "../domain/workflow-job.ts";
import type {
  DeleteRunnerOutcome,
  FindRunnerOutcome,
  GitHub,
  JobOutcome,
  ListRunnersOutcome,
  MintOutcome,
  MintRequest,
  ObservedJob,
  RegisteredRunner,
} from "./github.ts";
import { listScopes } from "./queued-jobs.ts";
import { RunnerGroups } from "./runner-groups.ts";
import { troubleOf } from "./trouble.ts";

/**
 * GitHub allows 900 points a minute for an endpoint, and a write costs 5: three a second, sustained
 * (facts/github.md §3). Octokit's own throttle would allow one.
 */
const WRITES_PER_SECOND = 3;
/** Of the 100 concurrent requests that GitHub allows. */
const CONCURRENT = 50;

export interface GitHubClientOptions {
  /** As the App itself without an installation. */
  readonly octokitFor: (installationId?: number) => Promise<Octokit>;
  readonly now: () => number;
  /** Remembers a secret that must not appear in a log. */
  readonly registerSecret: (secret: string) => void;
}

/** {@link GitHub} over Octokit. Time limits are those of the `fetch` that Octokit was given. */
export function createGitHubClient(options: GitHubClientOptions): GitHub {
  const { octokitFor, now, registerSecret } = options;
  const limiters = new Bottleneck.Group({
    minTime: Math.ceil(1000 / WRITES_PER_SECOND),
    maxConcurrent: CONCURRENT,
  });
  const groups = new RunnerGroups();

  function write<T>(scope: RegistrationScope, request: () => Promise<T>): Promise<T> {
    return limiters.key(String(scope.installationId)).schedule(request);
  }

  async function mint(request: MintRequest): Promise<MintOutcome> {
    const { scope, name, labels, runnerGroup } = request;
    try {
      const octokit = await octokitFor(scope.installationId);
      const groupId = await groups.idOf(octokit, scope.organization, runnerGroup);
      if (groupId === null) {
        const reason = `The organization ${scope.organization} has no runner group named "${runnerGroup}"`;
        return { kind: "refused", reason };
      }
      const { data } = await write(scope, () =>
        octokit.rest.actions.generateRunnerJitconfigForOrg({
          org: scope.organization,
          name,
          runner_group_id: groupId,
          labels: [...labels],
          request: { retries: 0 },
        }),
      );
      registerSecret(data.encoded_jit_config);
      return { kind: "minted", runnerId: data.runner.id, jitConfig: data.encoded_jit_config };
    } catch (error) {
      if (statusOf(error) === 409) return { kind: "name-taken" };
      if (statusOf(error) === 404) groups.forget(scope.organization);
      return troubleOf(error, now());
    }
  }

  async function findRunner(scope: RegistrationScope, name: string): Promise<FindRunnerOutcome> {
    try {
      const octokit = await octokitFor(scope.installationId);
      const { data } = await octokit.rest.actions.listSelfHostedRunnersForOrg({
        org: scope.organization,
        name,
        request: { retries: 0 },
      });
      const runner = data.runners.find((each) => each.name === name);
      return runner
        ? { kind: "found", runnerId: runner.id, busy: runner.busy }
        : { kind: "absent" };
    } catch (error) {
      return troubleOf(error, now());
    }
  }

  async function deleteRunner(
    scope: RegistrationScope,
    runnerId: number,
  ): Promise<DeleteRunnerOutcome> {
    try {
      const octokit = await octokitFor(scope.installationId);
      await write(scope, () =>
        octokit.rest.actions.deleteSelfHostedRunnerFromOrg({
          org: scope.organization,
          runner_id: runnerId,
          request: { retries: 0 },
        }),
      );
      return { kind: "gone" };
    } catch (error) {
      if (statusOf(error) === 404) return { kind: "gone" };
      if (statusOf(error) === 422) return { kind: "busy" };
      return troubleOf(error, now());
    }
  }

  async function job(
    scope: RegistrationScope,
    repository: string,
    jobId: number,
  ): Promise<JobOutcome> {
    try {
      const octokit = await octokitFor(scope.installationId);
      const { data } = await octokit.rest.actions.getJobForWorkflowRun({
        owner: scope.organization,
        repo: repository,
        job_id: jobId,
        request: { retries: 0 },
      });
      const found: ObservedJob = {
        status: toStatus(data.status),
        conclusion: data.conclusion,
        runnerName: data.runner_name || null,
        startedAt: epochOf(data.started_at),
        completedAt: epochOf(data.completed_at),
      };
      if (found.status !== "queued") return { kind: "found", job: found };
      return { kind: "found", job: await afterItsRun(octokit, data, found, scope, repository) };
    } catch (error) {
      return statusOf(error) === 404 ? { kind: "absent" } : troubleOf(error, now());
    }
  }

  async function listRunners(): Promise<ListRunnersOutcome> {
    try {
      const runners: RegisteredRunner[] = [];
      for (const scope of await listScopes(await octokitFor())) {
        const octokit = await octokitFor(scope.installationId);
        const listed = await octokit.paginate(octokit.rest.actions.listSelfHostedRunnersForOrg, {
          org: scope.organization,
          per_page: 100,
          request: { retries: 0 },
        });
        runners.push(...listed.map(({ id, name, busy }) => ({ scope, id, name, busy })));
      }
      return { kind: "listed", runners };
    } catch (error) {
      return troubleOf(error, now());
    }
  }

  return { mint, findRunner, deleteRunner, listRunners, job };
}

/**
 * A run that failed before it began (a mistake in the workflow, a missing secret) is completed, and its jobs stay queued for
 * ever, with no event (facts/github.md §1). Nobody would ever take them.
 */
async function afterItsRun(
  octokit: Octokit,
  { run_id: runId }: { readonly run_id: number },
  queued: ObservedJob,
  scope: RegistrationScope,
  repository: string,
): Promise<ObservedJob> {
  const { data: run } = await octokit.rest.actions.getWorkflowRun({
    owner: scope.organization,
    repo: repository,
    run_id: runId,
    request: { retries: 0 },
  });
  if (run.status !== "completed") return queued;
  return {
    ...queued,
    status: "completed",
    conclusion: run.conclusion,
    completedAt: epochOf(run.updated_at),
  };
}

/** The status of an answer of GitHub; `null` where there was none (Octokit says 500 for that too). */
function statusOf(error: unknown): number | null {
  return error instanceof RequestError && error.response ? error.status : null;
}

/** REST also knows `waiting`, `requested` and `pending`, all before `queued`. */
function toStatus(status: string): WorkflowJobStatus {
  return status === "queued" || status === "in_progress" || status === "completed"
    ? status
    : "waiting";
}

function epochOf(time: string | null): number | null {
  const epoch = time === null ? Number.NaN : Date.parse(time);
  return Number.isFinite(epoch) ? epoch : null;
}
