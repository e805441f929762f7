import { randomUUID } from "node:crypto";
import { join } from "node:path";
import { sign } from "@octokit/webhooks-methods";
import fc from "fast-check";
import { pino } from "pino";
import { afterEach, beforeEach, expect, it } from "vitest";
import { createFront, type Front } from "../../src/http/front.ts";
import { createIntake } from "../../src/intake/intake.ts";
import { Journal } from "../../src/intake/journal/journal.ts";
import { JournalReader } from "../../src/intake/journal/reader.ts";
import { createLogger } from "../../src/log/logger.ts";
import { overviewOf } from "../../src/status/overview.ts";
import { Store } from "../../src/store/store.ts";
import { temporaryDirectory } from "../helpers/directory.ts";
import { poolWith } from "../helpers/pool.ts";
import { until } from "../helpers/until.ts";

const SECRET = "it is a secret";
const PATH = "/api/github/webhooks";
const pools = [poolWith({ name: "derecho" })];

let store: Store;
let journal: Journal;
let reader: JournalReader;
let front: Front;
let url: string;
let logged: string[];

/** The real front, journal, intake and store; only GitHub is missing. */
beforeEach(async () => {
  store = Store.inMemory();
  journal = Journal.open(join(temporaryDirectory(), "journal"));
  logged = [];
  const log = createLogger({
    format: "json",
    destination: { write: (line) => void logged.push(line) },
  });
  const intake = createIntake({ store, pools, now: Date.now, wake: () => undefined, log });
  reader = new JournalReader({ journal, accept: (delivery) => intake.accept(delivery), log });
  front = createFront({
    webhook: {
      path: PATH,
      secret: SECRET,
      async accept(delivery) {
        await journal.append(delivery);
        reader.nudge();
      },
    },
    log: pino({ level: "silent" }),
  });
  const { port } = await front.start({ host: "127.0.0.1", port: 0 });
  url = `http://127.0.0.1:${port}${PATH}`;
});

afterEach(async () => {
  await front.stop(1_000);
  await reader.stop();
  journal.close();
  store.close();
});

async function post(body: string): Promise<number> {
  const response = await fetch(url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      "x-github-event": "workflow_job",
      "x-github-delivery": randomUUID(),
      "x-hub-signature-256": await sign(SECRET, body),
    },
    body,
  });
  await response.arrayBuffer();
  return response.status;
}

let lastId = 1_000;

function queued(different: object = {}): object {
  lastId += 1;
  return {
    action: "queued",
    workflow_job: {
      id: lastId,
      run_id: 5,
      run_attempt: 1,
      name: "build",
      workflow_name: "CI",
      head_branch: "main",
      labels: ["self-hosted", "derecho"],
      status: "queued",
      conclusion: null,
      runner_name: null,
      created_at: "2026-11-24T11:59:00Z",
      started_at: "2026-11-24T11:59:00Z",
      completed_at: null,
      ...different,
    },
    repository: { name: "model", owner: { login: "hpc-sandbox" } },
    organization: { login: "hpc-sandbox" },
    installation: { id: 7 },
    sender: { login: "somebody" },
  };
}

/** After whatever came: the next good event is stored, and nothing that is shown or logged can move a terminal. */
async function expectSound(): Promise<void> {
  expect(await post(JSON.stringify(queued()))).toBe(202);
  await until("it is stored", () => store.jobs.get(lastId)?.status === "queued");
  const shown = JSON.stringify(overviewOf(store, pools, Date.now()));
  expect(shown).not.toMatch(/\\u00[01]|\\u007f|[\u007f-\u009f]/);
  for (const line of logged) expect(line.trimEnd()).not.toMatch(/\p{Cc}/u);
}

it("answers every JSON, of whatever shape, and takes the next event", async () => {
  await fc.assert(
    fc.asyncProperty(fc.json({ maxDepth: 12, stringUnit: "binary" }), async (body) => {
      expect(await post(body)).toBe(202);
    }),
    { numRuns: 150 },
  );
  await expectSound();
});

it("takes an event with any value in any of its places, or leaves it", async () => {
  const paths = pathsOf(queued());
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...paths),
      fc.jsonValue({ maxDepth: 3, stringUnit: "binary" }),
      async (path, value) => {
        const payload = structuredClone(queued());
        set(payload, path, value);
        expect(await post(JSON.stringify(payload))).toBe(202);
      },
    ),
    { numRuns: 300 },
  );
  await expectSound();
});

it("keeps control characters of every string from whoever reads", async () => {
  const controls = String.fromCodePoint(
    ...Array.from({ length: 32 }, (_, code) => code),
    127,
    155,
    0x202e,
  );
  const strings = pathsOf(queued()).filter((path) => typeof get(queued(), path) === "string");
  for (const path of strings) {
    const payload = queued();
    set(payload, path, `${String(get(payload, path))}${controls}`);
    expect(await post(JSON.stringify(payload))).toBe(202);
  }
  await expectSound();
});

it.each([
  ["brackets by the hundred thousand", "[".repeat(200_000)],
  ["objects a thousand deep", `${'{"a":'.repeat(1_000)}1${"}".repeat(1_000)}`],
  ["a million labels", JSON.stringify(queued({ labels: Array(1_000_000).fill("x") }))],
  ["a label of 5 MB", JSON.stringify(queued({ labels: ["x".repeat(5_000_000)] }))],
  ["a name of 20 MB", JSON.stringify(queued({ name: "n".repeat(20_000_000) }))],
  ["a prototype", '{"__proto__":{"action":"queued"},"constructor":{"prototype":{"polluted":1}}}'],
  ["numbers beyond numbers", JSON.stringify(queued()).replace(/"id":\d+/, '"id":1e999')],
  ["half a surrogate", JSON.stringify(queued({ name: "\ud800" }))],
])("survives %s", async (_what, body) => {
  expect(await post(body)).toBe(202);
  expect(Object.prototype).not.toHaveProperty("polluted");
  await expectSound();
});

type Path = readonly string[];

function pathsOf(value: unknown, path: Path = []): Path[] {
  if (typeof value !== "object" || value === null) return [path];
  const below = Object.entries(value).flatMap(([key, each]) => pathsOf(each, [...path, key]));
  return path.length === 0 ? below : [path, ...below];
}

function get(from: unknown, path: Path): unknown {
  return path.reduce<unknown>((value, key) => Reflect.get(Object(value), key), from);
}

function set(into: object, path: Path, value: unknown): void {
  const parent = get(into, path.slice(0, -1));
  Reflect.set(Object(parent), path.at(-1) ?? "", value);
}
