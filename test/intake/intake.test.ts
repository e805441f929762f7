import examples from "@octokit/webhooks-examples" with { type: "json" };
import fc from "fast-check";
import { pino } from "pino";
import { expect, test } from "vitest";
import { createIntake, type Delivery, type Intake } from "../../src/intake/intake.ts";
import { Store } from "../../src/store/store.ts";
import { poolWith } from "../helpers/pool.ts";

const NOW = Date.parse("2026-11-24T12:00:00Z");
const pool = poolWith({ name: "derecho" });

function begin(): { store: Store; intake: Intake; woken: () => number } {
  const store = Store.inMemory();
  let wakes = 0;
  const intake = createIntake({
    store,
    pools: [pool],
    now: () => NOW,
    wake: () => wakes++,
    log: pino({ level: "silent" }),
  });
  return { store, intake, woken: () => wakes };
}

let serial = 0;

function delivery(action: string, job: object, guid = `guid-${serial++}`): Delivery {
  return {
    guid,
    event: "workflow_job",
    payload: {
      action,
      workflow_job: {
        id: 11,
        run_id: 5,
        run_attempt: 1,
        name: "build",
        workflow_name: "CI",
        head_branch: "main",
        labels: ["self-hosted", "Derecho"],
        status: action,
        conclusion: null,
        runner_name: null,
        created_at: "2026-11-24T11:59:00Z",
        started_at: "2026-11-24T11:59:00Z",
        completed_at: null,
        ...job,
      },
      repository: { name: "model", owner: { login: "hpc-sandbox" } },
      organization: { login: "hpc-sandbox" },
      installation: { id: 7 },
    },
  };
}

test("a queued job is stored with its labels as GitHub compares them, and wakes the loop", async () => {
  const { store, intake, woken } = begin();
  await intake.accept(delivery("queued", {}));
  expect(store.jobs.get(11)).toMatchObject({
    status: "queued",
    labels: ["derecho", "self-hosted"],
    scope: { installationId: 7, organization: "hpc-sandbox" },
    createdAt: Date.parse("2026-11-24T11:59:00Z"),
  });
  expect(woken()).toBe(1);
});

test("a delivery that comes again changes nothing", async () => {
  const { store, intake, woken } = begin();
  await intake.accept(delivery("queued", {}, "same"));
  await intake.accept(delivery("queued", { name: "other" }, "same"));
  expect(store.jobs.get(11)?.name).toBe("build");
  expect(woken()).toBe(1);
});

test("in every order of its events a job ends the same", async () => {
  const events = [
    delivery("queued", { status: "waiting" }, "a"),
    delivery("queued", {}, "b"),
    delivery("in_progress", { runner_name: "ghr-x-1", started_at: "2026-11-24T12:01:00Z" }, "c"),
    delivery(
      "completed",
      { runner_name: "ghr-x-1", conclusion: "success", completed_at: "2026-11-24T12:02:00Z" },
      "d",
    ),
  ];
  const ends = new Set<string>();
  for (const order of permutations(events)) {
    const { store, intake } = begin();
    for (const each of order) await intake.accept(each);
    const { startedAt, ...end } = store.jobs.get(11) ?? { startedAt: null };
    expect(startedAt).not.toBeNull();
    ends.add(JSON.stringify(end));
  }
  expect(ends.size).toBe(1);
  expect([...ends][0]).toContain('"status":"completed"');
});

test("a job behind a deployment gate is not queued, though its event says so", async () => {
  const { store, intake } = begin();
  await intake.accept(delivery("queued", { status: "waiting" }));
  expect(store.jobs.get(11)?.status).toBe("waiting");
});

test("a completed job without a runner was cancelled before it started", async () => {
  const { store, intake } = begin();
  await intake.accept(delivery("queued", {}));
  await intake.accept(delivery("completed", { conclusion: "cancelled", runner_name: "" }));
  expect(store.jobs.get(11)).toMatchObject({ status: "completed", runnerName: null });
  expect(store.jobs.live()).toEqual([]);
});

test("jobs for GitHub's own machines are none of our business", async () => {
  const { store, intake } = begin();
  await intake.accept(delivery("queued", { labels: ["ubuntu-latest"] }));
  expect(store.jobs.get(11)).toBeNull();
});

test("a job for a label nobody here has is kept, so that its author can be told", async () => {
  const { store, intake } = begin();
  await intake.accept(delivery("queued", { labels: ["self-hosted", "frontier"] }));
  expect(store.jobs.live()).toHaveLength(1);
});

test("deliveries of one moment are one durable write, and each is answered", async () => {
  const { store, intake, woken } = begin();
  const many = Array.from({ length: 200 }, (_, index) => delivery("queued", { id: 1000 + index }));
  await Promise.all(many.map((each) => intake.accept(each)));
  expect(store.jobs.live()).toHaveLength(200);
  expect(woken()).toBe(1);
});

test("a delivery that cannot be stored is refused, so that GitHub shows it as failed", async () => {
  const { store, intake } = begin();
  store.close();
  await expect(intake.accept(delivery("queued", {}))).rejects.toThrow();
});

test("every payload of GitHub's examples is taken, and those of our jobs are read", async () => {
  const { store, intake } = begin();
  const definitions = examples as unknown as { name: string; examples: object[] }[];
  let taken = 0;
  for (const { name, examples: payloads } of definitions) {
    for (const example of payloads) {
      // Those of workflow_job are of different years: some have no installation, some no organization.
      const payload = { organization: { login: "octo-org" }, installation: { id: 1 }, ...example };
      await intake.accept({ guid: `example-${taken}`, event: name, payload });
      taken += 1;
    }
  }
  expect(taken).toBeGreaterThan(300);
  const found = definitions.find(({ name }) => name === "workflow_job");
  expect(found?.examples.length).toBeGreaterThanOrEqual(8);
  // The only example for a self-hosted runner; its `queued` has status `waiting`. Nothing else concerns us.
  expect(store.jobs.newest("created_at", 1_000)).toMatchObject([
    { id: 12_877_621_891, status: "waiting", labels: ["k8s", "self-hosted"], runnerName: null },
  ]);
});

test("no payload, however hostile, is more than ignored", async () => {
  const { store, intake } = begin();
  await fc.assert(
    fc.asyncProperty(
      fc.jsonValue({ maxDepth: 8 }),
      fc.string({ unit: "binary" }),
      async (value, text) => {
        await intake.accept({ guid: `h${serial++}`, event: "workflow_job", payload: value });
        await intake.accept(
          delivery("queued", {
            id: 99,
            name: text,
            head_branch: text,
            labels: [text, "self-hosted"],
          }),
        );
      },
    ),
    { numRuns: 200 },
  );
  const job = store.jobs.get(99);
  expect(job?.name).not.toMatch(/\p{Cc}/u);
});

function permutations<T>(items: readonly T[]): T[][] {
  if (items.length <= 1) return [[...items]];
  return items.flatMap((item, index) =>
    permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]),
  );
}
