import { copyFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import Database from "libsql";
import { expect, test } from "vitest";
import { intendAllocation } from "../../src/domain/allocation.ts";
import { openDatabase } from "../../src/store/database.ts";
import { StoreError } from "../../src/store/errors.ts";
import { MIGRATIONS } from "../../src/store/schema.ts";
import { Store } from "../../src/store/store.ts";
import { temporaryDirectory } from "../helpers/directory.ts";
import { laneIn, poolWith, SCOPE } from "../helpers/pool.ts";

const NOW = Date.parse("2026-11-24T12:00:00Z");
const lane = laneIn(poolWith({ name: "derecho" }));

function filled(): string {
  const directory = temporaryDirectory();
  const store = Store.open(directory, NOW);
  store.transaction(() => {
    for (let index = 0; index < 100; index++) {
      const name = `ghr-${String(index).padStart(11, "0")}`;
      store.saveAllocation(intendAllocation({ name, beneficiary: null }, lane, NOW));
      store.recordDelivery(`guid-${index}`, NOW);
    }
  });
  store.close();
  return join(directory, "store.sqlite");
}

/** @returns what it said, or how many allocations it has. */
function open(directory: string): StoreError | number {
  try {
    const store = Store.open(directory, NOW);
    const { length } = store.allocations.live();
    store.close();
    return length;
  } catch (error) {
    if (error instanceof StoreError) return error;
    throw error;
  }
}

test("whatever bytes of the file are damaged, it is opened or refused in one sentence, and the next start says the same", () => {
  const sound = filled();
  const bytes = readFileSync(sound);
  fc.assert(
    fc.property(
      fc.nat(bytes.length - 1),
      fc.uint8Array({ minLength: 1, maxLength: 4_096 }),
      (at, noise) => {
        const directory = temporaryDirectory();
        const path = join(directory, "store.sqlite");
        const damaged = Buffer.from(bytes);
        damaged.set(noise.subarray(0, bytes.length - at), at);
        writeFileSync(path, damaged);
        const found = open(directory);
        if (typeof found === "number") return;
        expect(["corrupt", "newer", "unusable"]).toContain(found.trouble);
        expect(found.message).toContain(path);
        expect(found.message.split("\n")).toHaveLength(1);
        // In another directory: libsql keeps a file locked for as long as the process that could not read it lives.
        const elsewhere = temporaryDirectory();
        copyFileSync(path, join(elsewhere, "store.sqlite"));
        const again = open(elsewhere);
        expect(again instanceof StoreError && again.trouble).toBe(found.trouble);
      },
    ),
    { numRuns: 60 },
  );
});

test("a file that was cut off is refused and left as it is", () => {
  const sound = filled();
  const directory = temporaryDirectory();
  const path = join(directory, "store.sqlite");
  const whole = readFileSync(sound);
  writeFileSync(path, whole.subarray(0, Math.floor(whole.length / 2)));
  const before = readFileSync(path);
  const found = open(directory);
  expect(found instanceof StoreError && found.trouble).toBe("corrupt");
  expect(readFileSync(path).equals(before)).toBe(true);
});

test("a sound file whose rows are none of ours is refused", () => {
  const path = filled();
  const db = new Database(path);
  db.exec("UPDATE allocations SET lane = 'not JSON' WHERE name = 'ghr-00000000007'");
  db.close();
  const copy = temporaryDirectory();
  copyFileSync(path, join(copy, "store.sqlite"));
  const found = open(copy);
  expect(found instanceof StoreError && found.trouble).toBe("corrupt");
  expect(found instanceof StoreError && found.message).toContain("not JSON");
});

test.each(MIGRATIONS.map((_, index) => index))(
  "a store of %i steps ago is brought up to date with what it holds",
  (behind) => {
    const version = MIGRATIONS.length - behind;
    const directory = temporaryDirectory();
    const path = join(directory, "store.sqlite");
    const db = new Database(path);
    for (const step of MIGRATIONS.slice(0, version)) db.exec(step);
    db.exec(`PRAGMA user_version = ${version}`);
    db.exec("INSERT INTO deliveries (guid, received_at) VALUES ('guid-1', 1)");
    db.exec(
      `INSERT INTO workflow_jobs (id, run_id, run_attempt, installation_id, organization, repository, name, labels, status, created_at, observed_at)
       VALUES (11, 1, 1, ${SCOPE.installationId}, '${SCOPE.organization}', 'model', 'build', '["x"]', 'queued', ${NOW}, ${NOW})`,
    );
    db.close();
    const store = Store.open(directory, NOW);
    expect(store.hasDelivery("guid-1")).toBe(true);
    expect(store.jobs.live()).toMatchObject([{ id: 11, status: "queued", labels: ["x"] }]);
    store.close();
    // The second opening finds nothing to do.
    const again = openDatabase(path);
    expect(again.prepare("PRAGMA user_version").raw().get()).toEqual([MIGRATIONS.length]);
    again.close();
  },
);
