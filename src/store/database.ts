import { chmodSync, existsSync } from "node:fs";
import Database from "libsql";
import { StoreError } from "./errors.ts";
import { MIGRATIONS } from "./schema.ts";
import { findBrokenText } from "./text-check.ts";

export type Db = Database.Database;

/**
 * Opens the store's file and brings its schema up to date. One writer: the lock is taken here and kept until `close`.
 * The write-ahead log is used without shared memory (exclusive locking mode is set before the first access), so the
 * file is safe on NFS, GPFS and Lustre, where memory cannot be shared between hosts.
 *
 * @param path the file, or `:memory:`.
 * @throws {StoreError}
 */
export function openDatabase(path: string): Db {
  const isNew = path !== ":memory:" && !existsSync(path);
  const db = attempt(path, () => new Database(path));
  try {
    attempt(path, () => {
      db.exec("PRAGMA busy_timeout = 0");
      db.exec("PRAGMA locking_mode = EXCLUSIVE");
      db.exec("PRAGMA journal_mode = WAL");
      db.exec("PRAGMA synchronous = FULL");
      db.exec("BEGIN EXCLUSIVE; COMMIT");
    });
    checkIntegrity(db, path);
    migrate(db, path);
    if (isNew) chmodSync(path, 0o600);
  } catch (error) {
    db.close();
    throw error;
  }
  return db;
}

/**
 * Writes the log into the file and gives the lock back. libsql keeps a closed file locked until its statements are
 * collected as garbage; leaving the write-ahead mode first leaves one plain, unlocked file.
 */
export function closeDatabase(db: Db): void {
  try {
    db.exec("PRAGMA journal_mode = DELETE");
    db.exec("PRAGMA locking_mode = NORMAL");
    db.prepare("SELECT 1 FROM sqlite_master").get();
  } finally {
    db.close();
  }
}

/**
 * What was begun before the end may come back after it. libsql itself panics when a statement of a closed database is run.
 *
 * @throws {StoreError}
 */
export function requireOpen(db: Db): void {
  if (!db.open) throw new StoreError("unusable", "The store is closed: the program is ending.");
}

function checkIntegrity(db: Db, path: string): void {
  const found = attempt(path, () => db.prepare("PRAGMA quick_check(1)").raw().get());
  const verdict = Array.isArray(found) ? found[0] : found;
  if (verdict !== "ok") throw corrupt(path, verdict);
  const broken = attempt(path, () => findBrokenText(db));
  if (broken !== null) throw corrupt(path, broken);
}

function migrate(db: Db, path: string): void {
  const row = attempt(path, () => db.prepare("PRAGMA user_version").raw().get());
  const version = Number(Array.isArray(row) ? row[0] : 0);
  if (version > MIGRATIONS.length) {
    throw new StoreError(
      "newer",
      `The store ${path} was written by a newer version of hpc-runners (schema ${version}, this one knows ${MIGRATIONS.length}). Nothing was changed: run that version, or move the file away to begin anew.`,
    );
  }
  for (const [index, step] of MIGRATIONS.entries()) {
    if (index < version) continue;
    attempt(path, () => {
      db.exec(`BEGIN; ${step}; PRAGMA user_version = ${index + 1}; COMMIT`);
    });
  }
}

function attempt<T>(path: string, operation: () => T): T {
  try {
    return operation();
  } catch (error) {
    throw translate(error, path);
  }
}

/** SQLite's result codes (sqlite.org/rescode.html) as what a person can do. */
function translate(error: unknown, path: string): StoreError {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (code.startsWith("SQLITE_BUSY") || code.startsWith("SQLITE_LOCKED")) {
    return new StoreError(
      "held",
      `The store ${path} is locked by another process. Stop it first.`,
      {
        cause: error,
      },
    );
  }
  if (code.startsWith("SQLITE_NOTADB") || code.startsWith("SQLITE_CORRUPT")) {
    return corrupt(path, error instanceof Error ? error.message : code, error);
  }
  const said = error instanceof Error ? error.message : String(error);
  return new StoreError(
    "unusable",
    `The store ${path} cannot be opened: ${said}. Check the directory's permissions, free space and file locking.`,
    { cause: error },
  );
}

export function corrupt(path: string, found: unknown, cause?: unknown): StoreError {
  const said = found instanceof Error ? found.message : String(found);
  const what = said.replaceAll(/\s+/g, " ").trim();
  return new StoreError(
    "corrupt",
    `The store ${path} is damaged (${what}). Nothing was changed: restore a copy, or move the file away to begin anew.`,
    { cause: cause ?? found },
  );
}
