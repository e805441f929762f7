import { truncateSync } from "node:fs";
import { join } from "node:path";
import { pino } from "pino";
import { beforeEach, describe, expect, it, onTestFinished } from "vitest";
import type { Delivery } from "../../../src/intake/intake.ts";
import { Journal } from "../../../src/intake/journal/journal.ts";
import { JournalReader } from "../../../src/intake/journal/reader.ts";
import { temporaryDirectory } from "../../helpers/directory.ts";
import { until } from "../../helpers/until.ts";

let path: string;
let journal: Journal;
let accepted: Delivery[];
let logged: string[];
/** What happens to a delivery; it may reject. */
let accept: (delivery: Delivery) => Promise<void>;

beforeEach(() => {
  path = join(temporaryDirectory(), "journal");
  journal = Journal.open(path);
  accepted = [];
  logged = [];
  accept = () => Promise.resolve();
});

function startReader(): JournalReader {
  const reader = new JournalReader({
    journal,
    log: pino({ level: "debug" }, { write: (line: string) => void logged.push(line) }),
    async accept(delivery) {
      await accept(delivery);
      accepted.push(delivery);
    },
    retryAfter: 5,
  });
  onTestFinished(async () => {
    await reader.stop();
  });
  return reader;
}

async function append(reader: JournalReader | null, ...bodies: readonly string[]): Promise<void> {
  await Promise.all(
    bodies.map((body, index) =>
      journal.append({ guid: `guid-${index}`, event: "workflow_job", body: Buffer.from(body) }),
    ),
  );
  reader?.nudge();
}

function numbers(from: number, to: number): string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => `{"n":${from + index}}`);
}

function heard(): unknown[] {
  return accepted.map(({ payload }) => (payload as { readonly n: number }).n);
}

describe("the journal's reader", () => {
  it("hands on what was appended, once, in its order", async () => {
    const reader = startReader();
    await append(reader, ...numbers(1, 300));
    await until("all is read", () => accepted.length === 300);
    expect(heard()).toEqual(Array.from({ length: 300 }, (_, index) => index + 1));
    expect(accepted[0]).toEqual({ guid: "guid-0", event: "workflow_job", payload: { n: 1 } });
    await append(reader, '{"n":301}');
    await until("one more is read", () => journal.isEmpty);
    expect(heard().at(-1)).toBe(301);
    expect(accepted).toHaveLength(301);
  });

  it("begins with what an earlier life was told, and leaves the rest to the next", async () => {
    await append(null, ...numbers(1, 3));
    const first = startReader();
    await until("it is read", () => accepted.length === 3);
    await first.stop();
    await append(first, '{"n":4}');
    journal.close();
    journal = Journal.open(path);
    startReader();
    await until("the rest is read", () => accepted.length === 4);
    expect(heard()).toEqual([1, 2, 3, 4]);
  });

  it.each([
    ["no JSON", "{", "not JSON"],
    ["no object", "[]", "not a JSON object"],
    ["a very deep payload", `{"a":${"[".repeat(5_000)}${"]".repeat(5_000)}}`, "nested deeper"],
  ])("passes over %s, tells of it, and does not log it", async (_what, body, why) => {
    const reader = startReader();
    await append(reader, '{"n":1}', body, '{"n":2}');
    await until("all is dealt with", () => journal.isEmpty);
    expect(heard()).toEqual([1, 2]);
    const [warning, ...others] = logged;
    expect(others).toEqual([]);
    expect(warning).toContain("guid-1");
    expect(warning).toContain(why);
    expect(warning).not.toContain("[[[[");
  });

  it("tries again what could not be stored, and loses nothing of it", async () => {
    let failures = 3;
    accept = () => (failures-- > 0 ? Promise.reject(new Error("disk full")) : Promise.resolve());
    const reader = startReader();
    await append(reader, '{"n":1}');
    await until("it is stored", () => journal.isEmpty);
    expect(heard()).toEqual([1]);
    expect(logged.filter((line) => line.includes("stays in the journal"))).toHaveLength(3);
  });

  it("does not let one that can never be stored keep the others", async () => {
    accept = ({ payload }) =>
      (payload as { readonly n: number }).n === 100
        ? Promise.reject(new Error("a fault of ours"))
        : Promise.resolve();
    const reader = startReader();
    await append(reader, ...numbers(1, 300));
    await until("all is dealt with", () => journal.isEmpty);
    expect(new Set(heard()).size).toBe(299);
    expect(logged.filter((line) => line.includes("left to GitHub's log"))).toHaveLength(1);
  });

  it("goes on after a journal that was damaged", async () => {
    await append(null, '{"n":1}');
    truncateSync(path, 20);
    const reader = startReader();
    await until("it is told", () => logged.join("").includes("The journal was damaged"));
    await append(reader, '{"n":2}');
    await until("the next is read", () => accepted.length === 1);
    expect(heard()).toEqual([2]);
  });
});
