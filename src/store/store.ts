import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Allocation } from "../domain/allocation.ts";
import type { Hold } from "../domain/hold.ts";
import type { Runner } from "../domain/runner.ts";
import { DAY, type EpochMs } from "../domain/time.ts";
import { isLive, type RegistrationScope, type WorkflowJob } from "../domain/workflow-job.ts";
import { copyDatabase, STORE_FILE } from "./copy.ts";
import { closeDatabase, corrupt, openDatabase, requireOpen, type Db } from "./database.ts";
import { StoreError } from "./errors.ts";
import { takeLease, type Lease } from "./lease.ts";
import * as mappings from "./mappings.ts";
import { Table } from "./table.ts";

/** GitHub redelivers what is at most 3 days old; after that a GUID need not be remembered. */
const DELIVERIES_KEPT = 4 * DAY;
/** Ended jobs, allocations and runners are history for people to look at. */
const HISTORY_KEPT = 30 * DAY;
/** GitHub fails a job that was queued for a day (facts/github.md §4). */
const GIVEN_UP_AFTER = DAY;

/** What the program believes, in one SQLite file: intents and observations. Every method is one durable step. */
export class Store {
  readonly jobs: Table<WorkflowJob>;
  readonly allocations: Table<Allocation>;
  readonly runners: Table<Runner>;
  readonly holds: Table<Hold>;
  readonly #db: Db;
  readonly #lease: Lease | null;
  readonly #seen;
  readonly #remember;
  #installations: readonly RegistrationScope[];
  readonly #begin;
  readonly #commit;

  private constructor(db: Db, lease: Lease | null) {
    this.#db = db;
    this.#lease = lease;
    this.jobs = new Table(db, mappings.workflowJobs);
    this.allocations = new Table(db, mappings.allocations);
    this.runners = new Table(db, mappings.runners);
    this.holds = new Table(db, mappings.holds);
    this.#begin = db.prepare("BEGIN IMMEDIATE");
    this.#commit = db.prepare("COMMIT");
    this.#seen = db.prepare("SELECT 1 FROM deliveries WHERE guid = ?");
    this.#remember = db.prepare(
      "INSERT OR IGNORE INTO deliveries (guid, received_at) VALUES (?, ?)",
    );
    this.#installations = mappings.installationsIn(db);
  }

  /**
   * Opens `store.sqlite` in the state directory (made, mode 0700, if missing) for this process alone.
   *
   * @throws {StoreError}
   */
  static open(directory: string, now: EpochMs): Store {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    const lease = takeLease(directory, now);
    const path = join(directory, STORE_FILE);
    let db: Db | null = null;
    try {
      db = openDatabase(path);
      return new Store(db, lease);
    } catch (error) {
      db?.close();
      lease.release();
      // A sound file whose rows are not ours: written by something else.
      throw error instanceof StoreError ? error : corrupt(path, error);
    }
  }

  /**
   * What an instance has written down, whether or not it runs, from a copy: nothing in its directory is changed or locked.
   *
   * @throws {StoreError}
   */
  static openCopy(directory: string): Store {
    const copy = copyDatabase(directory);
    try {
      return new Store(openDatabase(copy.path), { renew() {}, release: copy.remove });
    } catch (error) {
      copy.remove();
      throw error instanceof StoreError
        ? new StoreError(
            error.trouble,
            `Of the store in ${directory} a copy was taken. ${error.message}`,
            { cause: error },
          )
        : error;
    }
  }

  /** A store over a database that its caller opened, and keeps: for tests in which it outlives the program or fails. */
  static over(db: Db): Store {
    return new Store(db, null);
  }

  /** A store that lives as long as the process. */
  static inMemory(): Store {
    return Store.over(openDatabase(":memory:"));
  }

  /** All of `work` or nothing, durable when it returns. `work` must not be asynchronous. */
  transaction<T>(work: () => T): T {
    requireOpen(this.#db);
    this.#begin.run();
    try {
      const result = work();
      this.#commit.run();
      return result;
    } catch (error) {
      this.#rollBack();
      throw error;
    }
  }

  /** @returns false if the delivery had been recorded before. */
  recordDelivery(guid: string, now: EpochMs): boolean {
    requireOpen(this.#db);
    return this.#remember.run([guid, now]).changes > 0;
  }

  hasDelivery(guid: string): boolean {
    return this.#seen.get(guid) !== undefined;
  }

  /** A remembered number, such as until when the delivery log was read; `null` if never set. */
  mark(name: string): number | null {
    const row = this.#db.prepare("SELECT value FROM marks WHERE name = ?").raw().get([name]);
    return Array.isArray(row) ? Number(row[0]) : null;
  }

  setMark(name: string, value: number): void {
    this.#db.prepare("INSERT OR REPLACE INTO marks (name, value) VALUES (?, ?)").run([name, value]);
  }

  /** Where the App is installed, as far as GitHub last told. */
  installations(): readonly RegistrationScope[] {
    return this.#installations;
  }

  saveInstallations(scopes: readonly RegistrationScope[]): void {
    this.transaction(() => {
      this.#db.prepare("DELETE FROM installations").run();
      const insert = this.#db.prepare("INSERT INTO installations (id, organization) VALUES (?, ?)");
      for (const { installationId, organization } of scopes) {
        insert.run([installationId, organization]);
      }
    });
    this.#installations = [...scopes];
  }

  saveJob(job: WorkflowJob): void {
    this.jobs.save(job, isLive(job));
  }

  saveAllocation(allocation: Allocation): void {
    const ended = allocation.endedAt !== null;
    this.allocations.save(allocation, !ended);
    if (!ended) return;
    for (const runner of this.runners.live()) {
      if (runner.allocation === allocation.name) this.saveRunner(runner);
    }
  }

  saveRunner(runner: Runner): void {
    const allocation = this.allocations.get(runner.allocation);
    const wanted = runner.state !== "gone" || (allocation !== null && allocation.endedAt === null);
    this.runners.save(runner, wanted);
  }

  /** What holds a subject back, or would but for its time; `undefined` if nothing does. */
  holdOn(subject: string): Hold | undefined {
    return this.holds.live().find((hold) => hold.subject === subject);
  }

  saveHold(hold: Hold): void {
    this.holds.save(hold, hold.failures > 0);
  }

  /**
   * Jobs that GitHub still has to end, the oldest first: those that take part in planning, and those that were refused and
   * wait until GitHub gives them up.
   */
  unfinishedJobs(now: EpochMs): readonly WorkflowJob[] {
    const condition =
      "status <> 'completed' AND (refusal IS NULL OR created_at > ?) ORDER BY created_at, id";
    return this.jobs.select(condition, [now - GIVEN_UP_AFTER]);
  }

  /** All that an allocation was ever given, in their order. */
  runnersOf(allocation: string): readonly Runner[] {
    return this.runners.select("allocation = ? ORDER BY turn, minting_at", [allocation]);
  }

  /** By PBS's id, whole or without its server (several servers may have given the same number). The newest first. */
  allocationsOfPbsJob(id: string): readonly Allocation[] {
    const condition =
      "pbs_job_id = ?1 OR substr(pbs_job_id, 1, length(?1) + 1) = ?1 || '.' ORDER BY intended_at DESC";
    return this.allocations.select(condition, [id]);
  }

  /** Forgets what is too old to matter. */
  prune(now: EpochMs): void {
    this.transaction(() => {
      const old = now - HISTORY_KEPT;
      this.#db.prepare("DELETE FROM deliveries WHERE received_at < ?").run([now - DELIVERIES_KEPT]);
      this.#db
        .prepare(
          "DELETE FROM workflow_jobs WHERE created_at < ? AND (status = 'completed' OR refusal IS NOT NULL)",
        )
        .run([old]);
      this.#db
        .prepare(
          "DELETE FROM runners WHERE state = 'gone' AND allocation IN (SELECT name FROM allocations WHERE intended_at < ? AND ended_at IS NOT NULL)",
        )
        .run([old]);
      this.#db
        .prepare(
          "DELETE FROM allocations WHERE intended_at < ? AND ended_at IS NOT NULL AND name NOT IN (SELECT allocation FROM runners)",
        )
        .run([old]);
    });
  }

  /** Keeps the state directory ours. Throws `held` if another instance has taken it. */
  renewLease(now: EpochMs): void {
    this.#lease?.renew(now);
  }

  close(): void {
    if (!this.#db.open) return;
    try {
      closeDatabase(this.#db);
    } finally {
      this.#lease?.release();
    }
  }

  #rollBack(): void {
    // SQLite has rolled back by itself after some errors (full disk, I/O): then this one is refused.
    if (this.#db.inTransaction) this.#db.exec("ROLLBACK");
    for (const table of [this.jobs, this.allocations, this.runners, this.holds]) table.reload();
  }
}
