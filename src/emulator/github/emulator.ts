import { Releases } from "../releases/releases.ts";
import { Actions, type JobAction } from "./actions.ts";
import { apiRoutes } from "./api.ts";
import { Authentication } from "./authentication.ts";
import { ApiFaults } from "./faults.ts";
import { RunnerService } from "./runner-service.ts";
import { API_PREFIX, GitHubServer, type Exchange } from "./server.ts";
import { GitHubState, type EmulatedJob, type EmulatedRun, type EmulatedRunner } from "./state.ts";
import { Views } from "./views.ts";
import { Webhooks } from "./webhooks.ts";
import type { WorkflowDefinition } from "./workflow.ts";

export interface GitHubEmulatorOptions {
  readonly organization: string;
  /** Names without the owner. */
  readonly repositories: readonly string[];
  /** Besides `Default`. */
  readonly runnerGroups?: readonly string[];
  readonly webhookSecret: string;
  /** Milliseconds after which the job of a runner that fell silent fails; GitHub's are 10 min. */
  readonly lostAfter?: number;
  readonly onExchange?: (exchange: Exchange) => void;
  /** Each event as it is made, whatever becomes of its delivery. */
  readonly onEvent?: (event: string, action: string, payload: unknown) => void;
}

/** A GitHub small enough to live in a test: one organization, one App, workflows, runners, webhooks. */
export interface GitHubEmulator {
  /** `127.0.0.1:port`: what `GHE_HOST` is set to, with `GHE_PROTOCOL=http`. */
  readonly host: string;
  readonly appId: number;
  readonly installationId: number;
  /** PKCS#8 PEM. */
  readonly privateKey: string;
  readonly webhooks: Webhooks;
  readonly faults: ApiFaults;
  /** Releases of GitHub's runner; none in the beginning. */
  readonly releases: Releases;
  /** Calls of the API by route. */
  readonly calls: ReadonlyMap<string, number>;
  /** What was called so far was preparation. */
  forgetCalls(): void;
  push(workflow: WorkflowDefinition): EmulatedRun;
  cancel(job: EmulatedJob): void;
  approve(job: EmulatedJob): void;
  /** The run is over before it began; its jobs stay queued, and nobody is told. */
  failToStart(run: EmulatedRun): void;
  jobs(): readonly EmulatedJob[];
  /** Registrations that exist. */
  runners(): readonly EmulatedRunner[];
  stop(): Promise<void>;
}

const APP_ID = 424_242;

export async function startGitHubEmulator(options: GitHubEmulatorOptions): Promise<GitHubEmulator> {
  const { organization, repositories, runnerGroups = [], onEvent = () => undefined } = options;
  const state = new GitHubState({ appId: APP_ID, organization, repositories, runnerGroups });
  const authentication = new Authentication(APP_ID);
  const webhooks = new Webhooks(options.webhookSecret, 1);
  const faults = new ApiFaults();
  const onExchange = options.onExchange ?? (() => undefined);
  const releases = new Releases();
  const server = new GitHubServer({ authentication, faults, releases, onExchange });
  const host = `127.0.0.1:${await server.listen()}`;
  const web = `http://${host}`;
  const views = new Views(state, `${web}${API_PREFIX}`, web);
  const onJob = (job: EmulatedJob, action: JobAction): void => {
    const payload = views.jobEvent(job, action);
    onEvent("workflow_job", action, payload);
    webhooks.emit("workflow_job", action, payload);
  };
  const actions: Actions = new Actions(state, {
    onJob,
    onRunner: (runner) => runners.wake(runner),
  });
  const runners = new RunnerService(state, actions, options.lostAfter ?? 600_000);
  server.runnerService = runners;
  server.routes = apiRoutes({
    state,
    actions,
    webhooks,
    views,
    authentication,
    releases,
    web,
    runnerService: `${web}/_runner`,
  });
  return {
    host,
    appId: APP_ID,
    installationId: state.installationId,
    privateKey: authentication.privateKey,
    webhooks,
    faults,
    releases,
    calls: server.calls,
    forgetCalls: () => server.calls.clear(),
    push: (workflow) => actions.run(workflow),
    cancel(job) {
      actions.cancel(job);
      runners.cancel(job);
    },
    approve: (job) => actions.approve(job),
    failToStart(run) {
      run.failedToStart = true;
    },
    jobs: () => [...state.jobs.values()],
    runners: () => [...state.runners.values()],
    async stop() {
      runners.stop();
      await webhooks.stop();
      await server.close();
    },
  };
}
