import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "libsql";
import { expect, onTestFinished, test } from "vitest";
import { intendAllocation } from "../../src/domain/allocation.ts";
import { intendRunner } from "../../src/domain/runner.ts";
import { toLabelSet } from "../../src/domain/labels.ts";
import { DAY } from "../../src/domain/time.ts";
import type { WorkflowJob } from "../../src/domain/workflow-job.ts";
import { StoreError } from "../../src/store/errors.ts";
import { Store } from "../../src/store/store.ts";
import { temporaryDirectory } from "../helpers/directory.ts";
import { laneIn, poolWith } from "../helpers/pool.ts";

const NOW = Date.parse("2026-11-24T12:00:00Z");
const scope = { installationId: 7, organization: "hpc-sandbox" };
const pool = poolWith({
  name: "derecho",
  queue: "develop",
  account: "NCAR0001",
  select: "1:ncpus=4",
});
const job: WorkflowJob = {
  id: 1,
  runId: 2,
  runAttempt: 1,
  scope,
  repository: "model",
  workflowName: "CI",
  name: "build",
  headBranch: "main",
  actor: "researcher",
  labels: toLabelSet(["derecho"]),
  status: "queued",
  conclusion: null,
  runnerName: null,
  createdAt: NOW,
  startedAt: null,
  completedAt: null,
  refusal: null,
  observedAt: NOW,
};
const lane = laneIn(pool, ["derecho"], scope);
const allocation = {
  ...intendAllocation(
    { name: "ghr-abcdefgh000", beneficiary: { repository: "model", actor: "researcher" } },
    lane,
    NOW,
  ),
  sighting: {
    job: {
      id: "12.vm",
      name: "ghr-abcdefgh000",
      state: "R" as const,
      substate: 42,
      comment: "Job run at …",
      execHost: "vm/0",
      exitStatus: null,
      startedAt: NOW,
      runs: 1,
    },
    at: NOW,
  },
  absence: { times: 1, since: NOW, confirmedAt: null },
  farewell: { cause: "served" as const, reason: "released", at: NOW },
};
const runner = intendRunner(
  { name: "ghr-abcdefgh000-1", scope, allocation: allocation.name, turn: 1, intendedJobId: 1 },
  NOW,
);

function open(directory: string, now = NOW): Store {
  const store = Store.open(directory, now);
  onTestFinished(() => store.close());
  return store;
}

test("what was saved is there after the process has closed and opened the store", () => {
  const directory = temporaryDirectory();
  const first = Store.open(directory, NOW);
  first.saveJob(job);
  first.saveAllocation(allocation);
  const root = { method: "reflink", milliseconds: 80, bytes: 110_000_000 } as const;
  const exit = {
    code: 102,
    cause: "exited",
    reason: "done",
    at: NOW,
    root,
    startMilliseconds: 30,
  } as const;
  first.saveRunner({ ...runner, exit });
  first.saveHold({ subject: "pool:derecho", failures: 2, until: NOW, reason: "no" });
  first.recordDelivery("guid-1", NOW);
  first.close();

  const second = open(directory);
  expect(second.jobs.live()).toEqual([job]);
  expect(second.allocations.live()).toEqual([allocation]);
  expect(second.runners.live()).toEqual([{ ...runner, exit }]);
  expect(second.holds.live()).toHaveLength(1);
  expect(second.recordDelivery("guid-1", NOW)).toBe(false);
});

test("an aborted transaction leaves neither file nor memory changed", () => {
  const store = open(temporaryDirectory());
  expect(() =>
    store.transaction(() => {
      store.saveJob(job);
      throw new Error("crash");
    }),
  ).toThrow("crash");
  expect(store.jobs.live()).toEqual([]);
  expect(store.jobs.get(job.id)).toBeNull();
});

test("ended nouns leave the plan's sight and stay as history until they are old", () => {
  const store = open(temporaryDirectory());
  store.saveJob({ ...job, status: "completed", conclusion: "success" });
  store.saveAllocation(allocation);
  store.saveRunner({ ...runner, state: "gone", goneAt: NOW });
  expect(store.runners.live()).toHaveLength(1);
  store.saveAllocation({ ...allocation, endedAt: NOW, end: "done" });
  expect([store.jobs.live(), store.allocations.live(), store.runners.live()]).toEqual([[], [], []]);
  expect(store.jobs.get(job.id)?.conclusion).toBe("success");

  store.prune(NOW + DAY);
  expect(store.allocations.newest("intended_at", 10)).toHaveLength(1);
  store.prune(NOW + 31 * DAY);
  expect(store.jobs.get(job.id)).toBeNull();
  expect(store.allocations.get(allocation.name)).toBeNull();
  expect(store.runners.get(runner.name)).toBeNull();
});

test("the file and its directory are for their owner only, and no shared-memory file is made", () => {
  const directory = join(temporaryDirectory(), "state");
  const store = open(directory);
  store.saveJob(job);
  expect(statSync(directory).mode & 0o777).toBe(0o700);
  expect(statSync(join(directory, "store.sqlite")).mode & 0o777).toBe(0o600);
  expect(existsSync(join(directory, "store.sqlite-shm"))).toBe(false);
});

test("a second instance is told who holds the directory", () => {
  const directory = temporaryDirectory();
  open(directory);
  const refused = catchStoreError(() => Store.open(directory, NOW));
  expect(refused.trouble).toBe("held");
  expect(refused.message).toContain(`process ${process.pid}`);
});

test("a lease of a process that has died on this host is taken over at once", async () => {
  const directory = temporaryDirectory();
  const child = spawn("sleep", ["60"]);
  child.kill("SIGKILL");
  await once(child, "exit");
  Store.open(directory, NOW).close();
  const hostname = execFileSync("hostname").toString().trim();
  writeLease(directory, hostname, child.pid ?? 0);
  expect(open(directory).jobs.live()).toEqual([]);
});

test("a lease of another host is respected while it is renewed, and taken over when it is not", () => {
  const directory = temporaryDirectory();
  writeLease(directory, "login7.elsewhere", 1);
  const path = join(directory, "instance.json");
  utimesSync(path, NOW / 1000, NOW / 1000);
  expect(catchStoreError(() => Store.open(directory, NOW + 60_000)).trouble).toBe("held");
  expect(open(directory, NOW + 180_000).jobs.live()).toEqual([]);
});

test("an instance whose lease was taken over is told so and stops", () => {
  const directory = temporaryDirectory();
  const store = open(directory);
  writeLease(directory, "login7.elsewhere", 1);
  expect(catchStoreError(() => store.renewLease(NOW + 60_000)).trouble).toBe("held");
});

test("a store of a newer version is refused and left as it is", () => {
  const directory = temporaryDirectory();
  Store.open(directory, NOW).close();
  const path = join(directory, "store.sqlite");
  const db = new Database(path);
  db.exec("PRAGMA user_version = 99");
  db.close();
  const refused = catchStoreError(() => Store.open(directory, NOW));
  expect(refused.trouble).toBe("newer");
  expect(refused.message).toContain("schema 99");
  expect(existsSync(join(directory, "instance.json"))).toBe(false);
});

test("a damaged store is refused and left as it is", () => {
  const directory = temporaryDirectory();
  const path = join(directory, "store.sqlite");
  writeFileSync(path, "This is no database, but it is long enough to look at.".repeat(100));
  const before = readFileSync(path);
  expect(catchStoreError(() => Store.open(directory, NOW)).trouble).toBe("corrupt");
  expect(readFileSync(path).equals(before)).toBe(true);
});

function writeLease(directory: string, host: string, pid: number): void {
  const lease = { id: "x", host, pid, since: new Date(NOW).toISOString() };
  writeFileSync(join(directory, "instance.json"), JSON.stringify(lease));
}

function catchStoreError(work: () => unknown): StoreError {
  try {
    work();
  } catch (error) {
    if (error instanceof StoreError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

test("an allocation is found by PBS's id, whole or without its server, as it was last seen", () => {
  const store = Store.inMemory();
  const at = (name: string, pbsJobId: string) => ({ ...allocation, name, pbsJobId });
  store.saveAllocation(at("ghr-a", "12.vm"));
  store.saveAllocation({ ...at("ghr-b", "12.other"), intendedAt: NOW + 1 });
  store.saveAllocation({ ...at("ghr-c", "123.vm"), endedAt: NOW });
  const found = (id: string) => store.allocationsOfPbsJob(id).map(({ name }) => name);
  expect(found("12")).toEqual(["ghr-b", "ghr-a"]);
  expect(found("12.vm")).toEqual(["ghr-a"]);
  expect(found("123")).toEqual(["ghr-c"]);
  expect(found("1")).toEqual([]);
  expect(found("%")).toEqual([]);
  store.allocations.touch("ghr-a", { ...at("ghr-a", "12.vm"), announcedAt: NOW + 5 });
  expect(store.allocationsOfPbsJob("12.vm")[0]?.announcedAt).toBe(NOW + 5);
});
