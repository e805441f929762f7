import type { JobDefinition, StepDefinition, WorkflowDefinition } from "./workflow.ts";

export type JobStatus = "waiting" | "queued" | "in_progress" | "completed";
export type Conclusion = "success" | "failure" | "cancelled" | "skipped";
/** Of a run: it may also fail before any of its jobs begins. */
export type RunConclusion = Conclusion | "startup_failure";

export interface StepState extends StepDefinition {
  readonly number: number;
  status: "queued" | "in_progress" | "completed";
  conclusion: Conclusion | null;
  startedAt: Date | null;
  completedAt: Date | null;
}

/** A workflow job of the emulated GitHub. */
export interface EmulatedJob {
  readonly id: number;
  readonly run: EmulatedRun;
  readonly definition: JobDefinition;
  status: JobStatus;
  conclusion: Conclusion | null;
  runner: { readonly id: number; readonly name: string; readonly groupId: number } | null;
  readonly createdAt: Date;
  startedAt: Date;
  completedAt: Date | null;
  readonly steps: StepState[];
  /** What its steps printed, as the job's log shows it. */
  log: string;
}

export interface EmulatedRun {
  readonly id: number;
  readonly number: number;
  readonly repository: EmulatedRepository;
  readonly workflow: WorkflowDefinition;
  readonly headSha: string;
  readonly jobs: EmulatedJob[];
  readonly createdAt: Date;
  /** It is over; its jobs stay as they are, for ever, and no event tells of it (facts/github.md §1). */
  failedToStart: boolean;
}

export interface EmulatedRepository {
  readonly id: number;
  readonly name: string;
  pushedAt: Date;
}

/** A just-in-time registration. */
export interface EmulatedRunner {
  readonly id: number;
  readonly name: string;
  readonly labels: readonly string[];
  readonly group: RunnerGroup;
  /** What the runner shows to be let in. */
  readonly secret: string;
  readonly createdAt: Date;
  online: boolean;
  job: EmulatedJob | null;
}

export interface RunnerGroup {
  readonly id: number;
  readonly name: string;
}

/**
 * The last installation's id. No two of GitHub's are alike, and @octokit/auth-app counts on it: requests for a token that
 * are under way in one process are merged by this id alone, whichever App and server they are of.
 */
let installations = 76;

/** All that the emulated GitHub knows. */
export class GitHubState {
  readonly appId: number;
  readonly installationId: number;
  readonly organization: string;
  readonly groups: RunnerGroup[];
  readonly repositories: EmulatedRepository[];
  readonly runs: EmulatedRun[] = [];
  readonly jobs = new Map<number, EmulatedJob>();
  readonly runners = new Map<number, EmulatedRunner>();
  #lastId = 1_000;

  constructor(options: {
    readonly appId: number;
    readonly organization: string;
    readonly repositories: readonly string[];
    readonly runnerGroups: readonly string[];
  }) {
    this.appId = options.appId;
    installations += 1;
    this.installationId = installations;
    this.organization = options.organization;
    // 2 is the group of GitHub's own machines.
    this.groups = ["Default", ...options.runnerGroups].map((name, index) => ({
      id: index === 0 ? 1 : index + 2,
      name,
    }));
    this.repositories = options.repositories.map((name) => ({
      id: this.nextId(),
      name,
      pushedAt: new Date(),
    }));
  }

  nextId(): number {
    this.#lastId += 1;
    return this.#lastId;
  }

  repository(name: string): EmulatedRepository | null {
    return this.repositories.find((each) => each.name === name) ?? null;
  }
}

/** A run's status and conclusion follow from its jobs. */
export function outcomeOf(run: EmulatedRun): {
  readonly status: "queued" | "in_progress" | "completed" | "waiting";
  readonly conclusion: RunConclusion | null;
} {
  const { jobs } = run;
  if (run.failedToStart) return { status: "completed", conclusion: "startup_failure" };
  if (jobs.every(({ status }) => status === "completed")) {
    const worst = (["failure", "cancelled"] as const).find((each) =>
      jobs.some(({ conclusion }) => conclusion === each),
    );
    return { status: "completed", conclusion: worst ?? "success" };
  }
  if (jobs.every(({ status }) => status === "waiting"))
    return { status: "waiting", conclusion: null };
  const untouched = jobs.every(({ status }) => status === "queued" || status === "waiting");
  return { status: untouched ? "queued" : "in_progress", conclusion: null };
}
