import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openDatabase, type Db } from "../../src/store/database.ts";
import { StoreError } from "../../src/store/errors.ts";
import { Store } from "../../src/store/store.ts";

/** Where the store of a history is kept from one life of the program to the next. */
export interface Disk {
  open(now: number): Store;
  /** What a kill leaves: what is committed, and no lock. */
  drop(store: Store): void;
  lose(): void;
  /** While it is full nothing can be written. */
  fill(full: boolean): void;
  /** Could another instance open it now? */
  letsInAnother(now: number): boolean;
  remove(): void;
}

/** A database in memory that outlives the program. */
export class MemoryDisk implements Disk {
  #db: Db = openDatabase(":memory:");

  open(): Store {
    return Store.over(this.#db);
  }

  drop(): void {
    // Every transaction is synchronous: there is none to break off.
  }

  lose(): void {
    this.#db = openDatabase(":memory:");
  }

  fill(full: boolean): void {
    this.#db.exec(`PRAGMA query_only = ${full ? 1 : 0}`);
  }

  letsInAnother(): boolean {
    return false;
  }

  remove(): void {
    this.#db.close();
  }
}

/** The real store: a file, a lock and a lease. */
export class FileDisk implements Disk {
  readonly #directory = mkdtempSync(
    join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "hpc-runners-simulation-"),
  );

  open(now: number): Store {
    return Store.open(this.#directory, now);
  }

  drop(store: Store): void {
    store.close();
  }

  lose(): void {
    for (const name of readdirSync(this.#directory)) rmSync(join(this.#directory, name));
  }

  fill(): void {
    // Only memory can be filled here.
  }

  letsInAnother(now: number): boolean {
    try {
      Store.open(this.#directory, now).close();
      return true;
    } catch (error) {
      if (error instanceof StoreError && error.trouble === "held") return false;
      throw error;
    }
  }

  remove(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
