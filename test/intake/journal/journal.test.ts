import { mkdirSync, readFileSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { execa } from "execa";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Journal } from "../../../src/intake/journal/journal.ts";
import { programOf } from "../../../src/emulator/program.ts";
import type { SignedDelivery } from "../../../src/intake/journal/record.ts";
import { StoreError } from "../../../src/store/errors.ts";
import { temporaryDirectory } from "../../helpers/directory.ts";

const FILLER = programOf(import.meta.url, "./filler");

function delivery(serial: number, length = 100): SignedDelivery {
  return { guid: `guid-${serial}`, event: "workflow_job", body: Buffer.alloc(length, serial) };
}

function journalPath(): string {
  return join(temporaryDirectory(), "journal");
}

/** Reads and forgets everything. */
function drain(journal: Journal): string[] {
  const guids: string[] = [];
  while (!journal.isEmpty) {
    const unread = journal.read(3);
    guids.push(...unread.deliveries.map(({ guid }) => guid));
    journal.forget(unread);
  }
  return guids;
}

function sizeOf(path: string): number {
  return statSync(path).size;
}

describe("the journal", () => {
  it("gives back what was appended, in its order, as often as it is asked until it is forgotten", async () => {
    const journal = Journal.open(journalPath());
    const all = [1, 2, 3, 4, 5].map((serial) => delivery(serial));
    await Promise.all(all.map((each) => journal.append(each)));
    expect(journal.read(10).deliveries).toEqual(all);
    const first = journal.read(2);
    expect(first.deliveries).toEqual(all.slice(0, 2));
    journal.forget(first);
    expect(journal.read(10).deliveries).toEqual(all.slice(2));
  });

  it("still has after its end what was not forgotten, for nobody else to read", async () => {
    const path = journalPath();
    const first = Journal.open(path);
    await first.append(delivery(1));
    await first.append(delivery(2, 3_000_000));
    await first.append(delivery(3));
    first.close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const second = Journal.open(path);
    await second.append(delivery(4));
    // The second is larger than what is read at once.
    expect(second.read(10).deliveries).toEqual([delivery(1)]);
    expect(drain(second)).toEqual(["guid-1", "guid-2", "guid-3", "guid-4"]);
  });

  it("cut off anywhere by a crash keeps what was whole, and takes more", async () => {
    const whole = journalPath();
    const journal = Journal.open(whole);
    for (const serial of [1, 2, 3]) await journal.append(delivery(serial, 40 * serial));
    journal.close();
    const bytes = readFileSync(whole);
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length), fc.uint8Array(), async (length, garbage) => {
        const path = journalPath();
        writeFileSync(path, Buffer.concat([bytes.subarray(0, length), garbage]));
        const after = Journal.open(path);
        await after.append(delivery(9));
        const guids = drain(after);
        expect(guids.at(-1)).toBe("guid-9");
        expect(["guid-1", "guid-2", "guid-3"].slice(0, guids.length - 1)).toEqual(
          guids.slice(0, -1),
        );
        after.close();
      }),
    );
  });

  it("takes no room once all was dealt with", async () => {
    const path = journalPath();
    const journal = Journal.open(path);
    for (const serial of [1, 2, 3]) await journal.append(delivery(serial));
    expect(sizeOf(path)).toBeGreaterThan(300);
    drain(journal);
    expect(sizeOf(path)).toBe(0);
    await journal.append(delivery(4));
    expect(drain(journal)).toEqual(["guid-4"]);
  });

  it("that is full lets who comes wait until all was dealt with", async () => {
    const path = journalPath();
    const journal = Journal.open(path, 250);
    for (const serial of [1, 2]) await journal.append(delivery(serial));
    expect(journal.isFull).toBe(true);
    let isIn = false;
    const third = journal.append(delivery(3)).then(() => (isIn = true));
    const first = journal.read(1);
    journal.forget(first);
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    expect(isIn).toBe(false);
    expect(drain(journal)).toEqual(["guid-2"]);
    await third;
    expect(drain(journal)).toEqual(["guid-3"]);
  });

  it("refuses those who wait for room where there will be none", async () => {
    const journal = Journal.open(journalPath(), 100);
    await journal.append(delivery(1));
    const second = journal.append(delivery(2));
    journal.refuseWaiting(new Error("the store is locked"));
    await expect(second).rejects.toThrow("the store is locked");
    expect(drain(journal)).toEqual(["guid-1"]);
  });

  it("that somebody shortens says so by giving nothing, and goes on", async () => {
    const path = journalPath();
    const journal = Journal.open(path);
    for (const serial of [1, 2]) await journal.append(delivery(serial));
    truncateSync(path, 150);
    const kept = journal.read(10);
    expect(kept.deliveries).toEqual([delivery(1)]);
    journal.forget(kept);
    const lost = journal.read(10);
    expect(lost.deliveries).toEqual([]);
    journal.forget(lost);
    await journal.append(delivery(3));
    expect(drain(journal)).toEqual(["guid-3"]);
  });

  it("that may not grow refuses what has no room, and has all that it took", async () => {
    // As on a full disk; in units of 1 kB.
    const limited = ["-c", 'ulimit -f 64; exec "$@"', "bash"];
    const { stdout } = await execa("bash", [...limited, ...FILLER, journalPath()]);
    const { kept, refusal, found, after } = JSON.parse(stdout);
    expect(kept).toHaveLength(6);
    expect(refusal).toMatch(/EFBIG|only \d+ could be written/);
    expect(found).toEqual(kept);
    expect(after).toEqual(["after"]);
  });

  it("that cannot be opened is a matter for a person", () => {
    const path = journalPath();
    mkdirSync(path);
    expect(() => Journal.open(path)).toThrow(StoreError);
    expect(() => Journal.open(path)).toThrow(/^The journal .* cannot be used: EISDIR.*Check the/);
  });
});
