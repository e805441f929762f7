import { generateKeyPairSync } from "node:crypto";
import nock from "nock";
import { Probot } from "probot";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createGitHubClient } from "../../src/github/client.ts";
import type { GitHub } from "../../src/github/github.ts";
import { fetchWithin, PlainOctokit } from "../../src/github/octokit.ts";

const API = "https://api.github.com";
const scope = { installationId: 7, organization: "hpc-sandbox" };
const { privateKey } = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
  publicKeyEncoding: { type: "spki", format: "pem" },
});
const secrets: string[] = [];

beforeEach(() => {
  nock.disableNetConnect();
  nock(API)
    .post("/app/installations/7/access_tokens")
    .reply(201, { token: "ghs_x", expires_at: "2099-01-01T00:00:00Z", permissions: {} })
    .persist();
  secrets.length = 0;
});

afterEach(() => {
  nock.abortPendingRequests();
  nock.cleanAll();
  nock.enableNetConnect();
});

function client(timeoutMs = 5_000): GitHub {
  const probot = new Probot({
    appId: 1,
    privateKey,
    secret: "s",
    Octokit: PlainOctokit,
    request: { fetch: fetchWithin(timeoutMs) },
    log: pino({ level: "silent" }),
  });
  return createGitHubClient({
    octokitFor: (id) => probot.auth(id),
    now: Date.now,
    registerSecret: (secret) => secrets.push(secret),
  });
}

function groups(): nock.Scope {
  return nock(API)
    .get("/orgs/hpc-sandbox/actions/runner-groups")
    .query(true)
    .reply(200, { total_count: 1, runner_groups: [{ id: 3, name: "HPC" }] });
}

const request = { scope, name: "ghr-a-1", labels: ["derecho", "self-hosted"], runnerGroup: "hpc" };
const MINT = "/orgs/hpc-sandbox/actions/runners/generate-jitconfig";

test("a runner is minted with exactly the job's labels, in the group of that name", async () => {
  groups();
  const mint = nock(API)
    .post(MINT, {
      name: "ghr-a-1",
      runner_group_id: 3,
      labels: ["derecho", "self-hosted"],
    })
    .times(2)
    .reply(201, { runner: { id: 42, name: "ghr-a-1" }, encoded_jit_config: "c2VjcmV0" });
  const github = client();
  expect(await github.mint(request)).toEqual({
    kind: "minted",
    runnerId: 42,
    jitConfig: "c2VjcmV0",
  });
  // The group's id is asked for once: a second request for it would find no answer here.
  expect((await github.mint(request)).kind).toBe("minted");
  expect(mint.isDone()).toBe(true);
  expect(secrets).toContain("c2VjcmV0");
});

test("concurrent mints ask for the runner group once", async () => {
  const asked = groups();
  nock(API)
    .post(MINT)
    .times(3)
    .reply(201, { runner: { id: 1, name: "x" }, encoded_jit_config: "eA==" });
  const github = client();
  const outcomes = await Promise.all([1, 2, 3].map(() => github.mint(request)));
  expect(outcomes.map(({ kind }) => kind)).toEqual(["minted", "minted", "minted"]);
  expect(asked.isDone()).toBe(true);
});

test("409 is asked once and says that the name is taken", async () => {
  groups();
  nock(API).post(MINT).reply(409, { message: "Already exists" });
  expect(await client().mint(request)).toEqual({ kind: "name-taken" });
});

test("a group the organization does not have is a person's matter", async () => {
  groups();
  const outcome = await client().mint({ ...request, runnerGroup: "nosuch" });
  expect(outcome).toMatchObject({ kind: "refused" });
  expect(outcome.kind === "refused" && outcome.reason).toContain('"nosuch"');
});

test.each([
  [500, {}, "unknown", undefined],
  [503, {}, "unknown", undefined],
  [403, { "retry-after": "17" }, "retry", 17_000],
  [429, {}, "retry", 60_000],
  [403, {}, "refused", undefined],
  [422, {}, "refused", undefined],
  [404, {}, "refused", undefined],
])("an answer of %i %j to a mint is %s", async (status, headers, kind, afterMs) => {
  groups();
  nock(API).post(MINT).reply(status, { message: "no" }, headers);
  const outcome = await client().mint(request);
  expect(outcome.kind).toBe(kind);
  expect(outcome.kind === "retry" ? outcome.afterMs : undefined).toBe(afterMs);
});

test("an exhausted rate limit says when it ends", async () => {
  groups();
  const reset = String(Math.floor(Date.now() / 1000) + 600);
  nock(API).post(MINT).reply(403, {}, { "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset });
  const outcome = await client().mint(request);
  expect(outcome.kind === "retry" && (outcome.afterMs ?? 0) > 500_000).toBe(true);
});

test("a request that was refused at the door was not done; one without an answer may have been", async () => {
  groups();
  nock(API)
    .post(MINT)
    .replyWithError(Object.assign(new Error("no"), { code: "ECONNREFUSED" }));
  const github = client();
  expect((await github.mint(request)).kind).toBe("retry");
  nock(API)
    .post(MINT)
    .replyWithError(Object.assign(new Error("cut"), { code: "ECONNRESET" }));
  expect((await github.mint(request)).kind).toBe("unknown");
});

test("a call that hangs ends at its time limit", async () => {
  groups();
  nock(API).post(MINT).delay(20_000).reply(201, {});
  expect((await client(200).mint(request)).kind).toBe("unknown");
});

test("a runner is found by its exact name", async () => {
  nock(API)
    .get("/orgs/hpc-sandbox/actions/runners")
    .query({ name: "ghr-a-1" })
    .reply(200, { total_count: 1, runners: [{ id: 5, name: "ghr-a-1", busy: true, labels: [] }] });
  expect(await client().findRunner(scope, "ghr-a-1")).toEqual({
    kind: "found",
    runnerId: 5,
    busy: true,
  });
});

test.each([
  [204, "gone"],
  [404, "gone"],
  [422, "busy"],
  [500, "unknown"],
])("deleting a runner: %i means %s", async (status, kind) => {
  nock(API)
    .delete("/orgs/hpc-sandbox/actions/runners/5")
    .reply(status, status === 204 ? undefined : {});
  expect((await client().deleteRunner(scope, 5)).kind).toBe(kind);
});

test("a job is read as the plan knows it", async () => {
  nock(API).get("/repos/hpc-sandbox/model/actions/jobs/9").reply(200, {
    id: 9,
    status: "in_progress",
    conclusion: null,
    runner_name: "ghr-a-1",
    started_at: "2026-11-24T12:00:00Z",
    completed_at: null,
  });
  expect(await client().job(scope, "model", 9)).toEqual({
    kind: "found",
    job: {
      status: "in_progress",
      conclusion: null,
      runnerName: "ghr-a-1",
      startedAt: Date.parse("2026-11-24T12:00:00Z"),
      completedAt: null,
    },
  });
  nock(API).get("/repos/hpc-sandbox/model/actions/jobs/10").reply(404, {});
  expect(await client().job(scope, "model", 10)).toEqual({ kind: "absent" });
});
