import { pino } from "pino";
import { Probot } from "probot";
import { describe, expect, it, onTestFinished } from "vitest";
import { startGitHubEmulator, type GitHubEmulator } from "../../src/emulator/github/emulator.ts";
import { createGitHubClient } from "../../src/github/client.ts";
import type { GitHub } from "../../src/github/github.ts";
import { fetchWithin, PlainOctokit, type Octokit } from "../../src/github/octokit.ts";
import { createIntake, type Intake } from "../../src/intake/intake.ts";
import { createRecovery } from "../../src/intake/recovery.ts";
import { Store } from "../../src/store/store.ts";
import { poolWith } from "../helpers/pool.ts";
import { until } from "../helpers/until.ts";

const ORGANIZATION = "hpc-sandbox";
const pools = [poolWith({ name: "derecho" })];
const log = pino({ level: "silent" });
const LIST_DELIVERIES = "GET /app/hook/deliveries";
const ONE_DELIVERY = "GET /app/hook/deliveries/{delivery_id}";
const INSTALLATIONS = "GET /app/installations";
const LIST_RUNS = "GET /repos/{owner}/{repo}/actions/runs";

interface Site {
  readonly github: GitHubEmulator;
  readonly client: GitHub;
  readonly octokitFor: (installationId?: number) => Promise<Octokit>;
  readonly store: Store;
  readonly intake: Intake;
  readonly recover: () => Promise<void>;
  readonly calls: (route: string) => number;
}

/** A real store and the real client, with an emulated GitHub that has nowhere to send its webhooks. */
async function begin(repositories: readonly string[] = ["model"]): Promise<Site> {
  const github = await startGitHubEmulator({
    organization: ORGANIZATION,
    repositories,
    webhookSecret: "secret",
  });
  onTestFinished(() => github.stop());
  const probot = new Probot({
    appId: github.appId,
    privateKey: github.privateKey,
    secret: "secret",
    baseUrl: `http://${github.host}/api/v3`,
    Octokit: PlainOctokit,
    request: { fetch: fetchWithin(10_000) },
    log,
  });
  const octokitFor = (installationId?: number) => probot.auth(installationId);
  const store = Store.inMemory();
  const intake = createIntake({ store, pools, now: Date.now, wake: () => undefined, log });
  const client = createGitHubClient({
    octokitFor,
    now: Date.now,
    registerSecret: () => undefined,
  });
  const recover = createRecovery({ store, intake, pools, octokitFor, now: Date.now, log });
  return {
    github,
    client,
    octokitFor,
    store,
    intake,
    recover,
    calls: (route) => github.calls.get(route) ?? 0,
  };
}

function push(github: GitHubEmulator, repository = "model") {
  return github.push({
    repository,
    name: "ci",
    jobs: [{ name: "build", runsOn: ["self-hosted", "derecho"], steps: [] }],
  });
}

describe("deliveries that did not come", () => {
  it("are taken from the App's log by their GUID, each once", async () => {
    const { github, store, recover, calls } = await begin();
    push(github);
    const second = push(github).jobs[0];
    if (!second) throw new Error("no job");
    github.cancel(second);
    await until("three are logged", () => github.webhooks.log.length === 3);
    // Only the log can tell.
    github.faults.add(INSTALLATIONS, { kind: "answer", status: 500 }, 100);
    await recover();
    expect(store.jobs.live().map(({ status }) => status)).toEqual(["queued"]);
    expect(store.jobs.get(second.id)?.conclusion).toBe("cancelled");
    for (const { guid } of github.webhooks.log) expect(store.hasDelivery(guid)).toBe(true);
    await recover();
    expect(calls(ONE_DELIVERY)).toBe(3);
  });

  it("are not asked for if they came after all, whatever GitHub heard of our answer", async () => {
    const { github, intake, recover, calls } = await begin();
    push(github);
    const [delivery] = await until("it is logged", () => {
      return github.webhooks.log.length === 1 ? github.webhooks.log : null;
    });
    if (!delivery) throw new Error("no delivery");
    await intake.accept({ guid: delivery.guid, event: "workflow_job", payload: delivery.payload });
    await recover();
    expect(calls(ONE_DELIVERY)).toBe(0);
  });

  it("are looked for again when the log could not be read", async () => {
    const { github, store, recover } = await begin();
    push(github);
    await until("it is logged", () => github.webhooks.log.length === 1);
    github.faults.add(INSTALLATIONS, { kind: "answer", status: 500 }, 100);
    github.faults.add(LIST_DELIVERIES, { kind: "answer", status: 502 });
    await recover();
    expect(store.jobs.live()).toEqual([]);
    github.faults.add(ONE_DELIVERY, { kind: "answer", status: 502 });
    await recover();
    expect(store.jobs.live()).toEqual([]);
    await recover();
    expect(store.jobs.live()).toHaveLength(1);
  });
});

describe("jobs of which no event was made", () => {
  it("are found by looking at the repositories", async () => {
    const { github, store, recover } = await begin();
    github.webhooks.fate = () => [];
    const [job] = push(github).jobs;
    await recover();
    expect(store.jobs.live()).toMatchObject([{ id: job?.id, status: "queued", name: "build" }]);
  });

  it("are looked for with few requests at a time, where the newest activity is first, and in the end everywhere", async () => {
    const names = Array.from({ length: 70 }, (_, index) => `repository-${index}`);
    const { github, store, recover } = await begin(names);
    github.webhooks.fate = () => [];
    // Pushed to one after the other: the last is the newest. GitHub tells seconds apart.
    for (const [index, name] of names.entries()) {
      push(github, name).repository.pushedAt = new Date(Date.UTC(2026, 0, 1, 0, 0, index));
    }
    const requests = () => [...github.calls.values()].reduce((sum, times) => sum + times, 0);
    const found = () => store.jobs.live().map(({ repository }) => repository);

    await recover();
    expect(requests()).toBeLessThan(75);
    const first = found();
    expect(first.length).toBeGreaterThan(10);
    expect(first.toSorted()).toEqual(names.slice(-first.length).toSorted());
    for (let turn = 0; turn < 6 && found().length < names.length; turn++) await recover();
    expect(found().toSorted()).toEqual(names.toSorted());
  });

  it("are found beside repositories that GitHub does not let us look at", async () => {
    const { github, store, recover } = await begin(["model", "closed"]);
    github.webhooks.fate = () => [];
    const [job] = push(github, "model").jobs;
    // The one pushed to last is the first to be looked at.
    push(github, "closed").repository.pushedAt = new Date(Date.now() + 60_000);
    github.faults.add(LIST_DELIVERIES, { kind: "answer", status: 502 });
    github.faults.add(LIST_RUNS, { kind: "answer", status: 404 });
    await recover();
    expect(store.jobs.live().map(({ id }) => id)).toEqual([job?.id]);
  });

  it("are not looked for, and no runner is minted, before the time that GitHub asks us to wait", async () => {
    const { github, store, recover, calls } = await begin();
    github.webhooks.fate = () => [];
    push(github);
    const limit = { kind: "answer", status: 429, headers: { "retry-after": "120" } } as const;
    github.faults.add(LIST_RUNS, limit);
    const before = Date.now();
    await recover();
    const [hold] = store.holds.live();
    expect(hold).toMatchObject({ subject: `installation:${github.installationId}`, failures: 1 });
    expect(hold?.until).toBeGreaterThanOrEqual(before + 120_000);
    const asked = [...github.calls.values()];
    await recover();
    expect([...github.calls.values()]).toEqual(asked);
    expect(calls(LIST_RUNS)).toBe(1);
  });

  it("are not ours to serve once their run has failed to start", async () => {
    const { github, store, recover, client } = await begin();
    const run = push(github);
    const [job] = run.jobs;
    if (!job) throw new Error("no job");
    await recover();
    expect(store.jobs.get(job.id)?.status).toBe("queued");

    github.failToStart(run);
    // GitHub's own list of jobs goes on calling it queued, for ever, and no event comes.
    const scope = { installationId: github.installationId, organization: ORGANIZATION };
    expect(await client.job(scope, "model", job.id)).toMatchObject({
      kind: "found",
      job: { status: "completed", conclusion: "startup_failure" },
    });
    const fresh = await begin();
    const failed = push(fresh.github);
    fresh.github.failToStart(failed);
    fresh.github.faults.add(LIST_DELIVERIES, { kind: "answer", status: 502 });
    await fresh.recover();
    expect(fresh.store.jobs.live()).toEqual([]);
  });
});

it("all registrations are listed, over all pages", async () => {
  const { github, client, octokitFor } = await begin();
  const scope = { installationId: github.installationId, organization: ORGANIZATION };
  const octokit = await octokitFor(scope.installationId);
  for (let index = 0; index < 103; index++) {
    await octokit.rest.actions.generateRunnerJitconfigForOrg({
      org: ORGANIZATION,
      name: `ghr-${index}-1`,
      runner_group_id: 1,
      labels: ["x"],
    });
  }
  const outcome = await client.listRunners();
  expect(outcome.kind === "listed" && outcome.runners).toHaveLength(103);
  expect(outcome.kind === "listed" && outcome.runners[0]).toMatchObject({ busy: false, scope });
});
