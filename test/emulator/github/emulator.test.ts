import examples from "@octokit/webhooks-examples" with { type: "json" };
import type { WebhookDefinition } from "@octokit/webhooks-examples";
import { verify } from "@octokit/webhooks-methods";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { Probot } from "probot";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { startGitHubEmulator, type GitHubEmulator } from "../../../src/emulator/github/emulator.ts";
import { decodeJitConfig, settingsOf } from "../../../src/emulator/github/jit-config.ts";
import type { Exchange } from "../../../src/emulator/github/server.ts";
import type { Octokit } from "../../../src/github/octokit.ts";
import { fetchWithin, PlainOctokit } from "../../../src/github/octokit.ts";
import { mistakesOfEvent, mistakesOfExchange } from "../../helpers/openapi.ts";
import { until } from "../../helpers/until.ts";

const SECRET = "a secret of the webhook";
const ORG = "science";
const STEP = { name: "Test", run: "true" };

let github: GitHubEmulator;
let exchanges: Exchange[];
let events: { event: string; action: string; payload: unknown }[];
let app: Octokit;
let installation: Octokit;

beforeEach(async () => {
  exchanges = [];
  events = [];
  github = await startGitHubEmulator({
    organization: ORG,
    repositories: ["model", "tools"],
    runnerGroups: ["cluster"],
    webhookSecret: SECRET,
    lostAfter: 50,
    onExchange: (exchange) => exchanges.push(exchange),
    onEvent: (event, action, payload) => events.push({ event, action, payload }),
  });
  const probot = new Probot({
    appId: github.appId,
    privateKey: github.privateKey,
    secret: SECRET,
    baseUrl: `http://${github.host}/api/v3`,
    Octokit: PlainOctokit,
    request: { fetch: fetchWithin(10_000) },
    logLevel: "fatal",
  });
  app = await probot.auth();
  installation = await probot.auth(github.installationId);
});

afterEach(async () => {
  await github.stop();
  expect(exchanges.flatMap(mistakesOfExchange)).toEqual([]);
  expect(events.flatMap((each) => mistakesOfEvent(each.event, each.action, each.payload))).toEqual(
    [],
  );
});

function push(jobs = 1, runsOn = ["self-hosted", "PBS"]) {
  return github.push({
    repository: "model",
    name: "ci",
    jobs: Array.from({ length: jobs }, (_, index) => ({
      name: `job-${index}`,
      runsOn,
      steps: [STEP],
    })),
  });
}

async function mint(name: string, labels = ["self-hosted", "pbs"], group = 1) {
  const { data } = await installation.rest.actions.generateRunnerJitconfigForOrg({
    org: ORG,
    name,
    runner_group_id: group,
    labels,
    request: { retries: 0 },
  });
  return { id: data.runner.id, settings: settingsOf(decodeJitConfig(data.encoded_jit_config)) };
}

type Minted = Awaited<ReturnType<typeof mint>>;

/** Speaks as the runner of this registration. */
function speak({ settings }: Minted, what: string, body: object = {}, signal?: AbortSignal) {
  return fetch(`${settings.service}/${settings.runnerId}/${what}`, {
    method: "POST",
    headers: { authorization: `Bearer ${settings.secret}` },
    body: JSON.stringify(body),
    ...(signal ? { signal } : {}),
  });
}

describe("the emulated API", () => {
  it("answers every call of the program as GitHub describes it", async () => {
    const run = push();
    await app.rest.apps.getAuthenticated();
    await app.rest.apps.listInstallations();
    await installation.rest.apps.listReposAccessibleToInstallation();
    await installation.request("GET /orgs/{org}/actions/runner-groups", { org: ORG });
    const runner = await mint("one", undefined, github.jobs().length > 0 ? 3 : 1);
    const about = { org: ORG, runner_id: runner.id };
    await installation.rest.actions.getSelfHostedRunnerForOrg(about);
    await installation.rest.actions.listSelfHostedRunnersForOrg({ org: ORG, name: "one" });
    const repository = { owner: ORG, repo: "model" };
    await installation.rest.actions.listWorkflowRunsForRepo({ ...repository, status: "queued" });
    await installation.rest.actions.getWorkflowRun({ ...repository, run_id: run.id });
    await installation.rest.actions.listJobsForWorkflowRun({ ...repository, run_id: run.id });
    await installation.rest.actions.getJobForWorkflowRun({
      ...repository,
      job_id: run.jobs[0]?.id ?? 0,
    });
    await installation.rest.actions.deleteSelfHostedRunnerFromOrg(about);
    const { data: deliveries } = await app.rest.apps.listWebhookDeliveries();
    const id = String(deliveries[0]?.id);
    expect(BigInt(id)).toBeGreaterThan(2n ** 53n);
    await app.request(`GET /app/hook/deliveries/${id}`);
    await app.request(`POST /app/hook/deliveries/${id}/attempts`);
    const called = new Set(exchanges.map(({ method, path }) => `${method} ${path}`));
    expect(called.size).toBe(16);
  });

  it.each([
    ["a name that is taken", 409, () => mint("one")],
    ["no labels", 422, () => mint("two", [])],
    ["a name of more than 64 characters", 422, () => mint("x".repeat(65))],
    ["a runner group that is not there", 404, () => mint("two", undefined, 99)],
  ])("refuses %s with %i", async (_what, status, act) => {
    await mint("one");
    await expect(act()).rejects.toMatchObject({ status });
  });

  it("lets nobody in without a valid token, and each only where it belongs", async () => {
    const bare = await fetch(`http://${github.host}/api/v3/app`, {
      headers: { authorization: "bearer eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOjQyNDI0Mn0.AAAA" },
    });
    expect(bare.status).toBe(401);
    await mint("one");
    const signedIn = exchanges.find(({ path }) => path.endsWith("access_tokens"));
    if (!signedIn) throw new Error("Nobody signed in");
    const { token } = signedIn.responseBody as { token: string };
    const wrong = await fetch(`http://${github.host}/api/v3/app`, {
      headers: { authorization: `bearer ${token}` },
    });
    expect(wrong.status).toBe(403);
  });

  it("loses the answer of a call that was carried out, when told to", async () => {
    const route = "POST /orgs/{org}/actions/runners/generate-jitconfig";
    github.faults.add(route, { kind: "lose-answer" });
    await expect(mint("one")).rejects.toThrow();
    expect(github.runners().map(({ name }) => name)).toEqual(["one"]);
    expect(github.calls.get(route)).toBe(1);
  });
});

describe("routing", () => {
  it("gives a job to any online runner that offers all its labels, and one job to a runner", async () => {
    push(2);
    const other = await mint("other", ["self-hosted"]);
    const fitting = await mint("fitting", ["SELF-HOSTED", "pbs", "gpu"]);
    const leaving = new AbortController();
    const idle = speak(other, "message", {}, leaving.signal).catch(() => null);
    const response = await speak(fitting, "message");
    expect(await response.json()).toMatchObject({ name: "job-0" });
    expect(github.jobs().map(({ status }) => status)).toEqual(["in_progress", "queued"]);
    const about = { org: ORG, runner_id: fitting.id };
    await expect(
      installation.rest.actions.deleteSelfHostedRunnerFromOrg(about),
    ).rejects.toMatchObject({ status: 422 });
    await speak(fitting, "progress", { step: 1, log: "hello\n", conclusion: "success" });
    await speak(fitting, "progress", { conclusion: "success" });
    expect(github.jobs()[0]).toMatchObject({ conclusion: "success", log: "hello\n" });
    expect(github.runners().map(({ name }) => name)).toEqual(["other"]);
    expect((await speak(fitting, "message")).status).toBe(401);
    leaving.abort();
    await idle;
  });

  it("fails the job of a runner that falls silent", async () => {
    push();
    const runner = await mint("one");
    await speak(runner, "message");
    await until("the job failed", async () => {
      // Gives up its question, whether or not it has arrived.
      const gone = AbortSignal.timeout(20);
      await speak(runner, "watch", {}, gone).catch(() => null);
      return github.jobs()[0]?.conclusion === "failure";
    });
    expect(github.runners()).toEqual([]);
  });

  it("creates a job when what it needs has succeeded, and skips it when that has failed", async () => {
    github.push({
      repository: "model",
      name: "chain",
      jobs: [
        { name: "first", runsOn: ["pbs"], steps: [STEP] },
        { name: "second", runsOn: ["pbs"], steps: [STEP], needs: ["first"] },
        { name: "third", runsOn: ["pbs"], steps: [STEP], needs: ["second"] },
      ],
    });
    const runner = await mint("one");
    expect(await (await speak(runner, "message")).json()).toMatchObject({ name: "first" });
    await speak(runner, "progress", { conclusion: "success" });
    const next = await mint("two");
    expect(await (await speak(next, "message")).json()).toMatchObject({ name: "second" });
    await speak(next, "progress", { conclusion: "failure" });
    const seen = github.jobs().map((job) => [job.definition.name, job.conclusion]);
    expect(seen).toEqual([
      ["first", "success"],
      ["second", "failure"],
      ["third", "skipped"],
    ]);
  });

  it("announces a gated job as waiting, and queues it when it is approved", () => {
    const run = github.push({
      repository: "tools",
      name: "deploy",
      jobs: [{ name: "gated", runsOn: ["pbs"], steps: [STEP], gated: true }],
    });
    const [job] = run.jobs;
    if (!job) throw new Error("no job");
    github.approve(job);
    github.cancel(job);
    expect(events.map(({ action }) => action)).toEqual(["waiting", "queued", "completed"]);
    expect(job).toMatchObject({ conclusion: "cancelled", runner: null });
  });
});

describe("webhooks", () => {
  it("are signed, and dropped, repeated or delayed as told", async () => {
    const received: { guid: string | string[] | undefined; name: string; valid: boolean }[] = [];
    const server = createServer((request, response) => {
      void (async () => {
        const body = await text(request);
        const signature = String(request.headers["x-hub-signature-256"]);
        const payload = JSON.parse(body) as { workflow_job: { name: string } };
        received.push({
          guid: request.headers["x-github-delivery"],
          name: payload.workflow_job.name,
          valid: await verify(SECRET, body, signature),
        });
        response.writeHead(202).end();
      })();
    });
    await new Promise<void>((resolve) => {
      server.listen(0, "127.0.0.1", resolve);
    });
    github.webhooks.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const fates = [[], [0, 0], [200], [0]];
    github.webhooks.fate = () => fates.shift() ?? [0];
    push(4);
    const all = await until("four deliveries", () => received.length === 4 && received);
    expect(all.every(({ valid }) => valid)).toBe(true);
    expect(all.map(({ name }) => name).toSorted()).toEqual(["job-1", "job-1", "job-2", "job-3"]);
    expect(all.at(-1)?.name).toBe("job-2");
    expect(new Set(all.map(({ guid }) => guid)).size).toBe(3);
    await until("the log has answers", () =>
      github.webhooks.log.every(({ statusCode }) => statusCode === 202),
    );
    await new Promise((resolve) => server.close(resolve));
  });

  it("of GitHub's own examples are as its description says, by the same check", () => {
    const all = examples as unknown as readonly WebhookDefinition[];
    const payloads = all.find(({ name }) => name === "workflow_job")?.examples ?? [];
    expect(payloads.length).toBeGreaterThan(0);
    for (const payload of payloads) {
      const { action } = payload as unknown as { action: string };
      // Old examples lack fields that came since; nothing else may differ.
      const serious = mistakesOfEvent("workflow_job", action, payload).filter(
        (each) => !each.includes("must have required property"),
      );
      expect(serious).toEqual([]);
    }
    expect(mistakesOfEvent("workflow_job", "queued", { action: "queued" })).not.toEqual([]);
  });
});
