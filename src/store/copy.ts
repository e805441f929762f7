import { copyFileSync, existsSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { StoreError } from "./errors.ts";

export const STORE_FILE = "store.sqlite";

/** An instance that runs writes its log into the file every thousand pages or so: seldom twice in a row. */
const ATTEMPTS = 5;

export interface DatabaseCopy {
  readonly path: string;
  readonly remove: () => void;
}

/**
 * Copies a store's file and its write-ahead log, which another process may be writing: a log of which the end is missing
 * is read up to there. Only the file itself must not change in between.
 *
 * @throws {StoreError} where there is none, or it cannot be read.
 */
export function copyDatabase(directory: string): DatabaseCopy {
  const source = join(directory, STORE_FILE);
  if (!existsSync(source)) {
    throw new StoreError(
      "unusable",
      `No instance runs, and there is no store in ${directory}: hpc-runners was never started with this state directory (XDG_STATE_HOME).`,
    );
  }
  const copy = mkdtempSync(join(tmpdir(), "hpc-runners-copy-"));
  const path = join(copy, STORE_FILE);
  const remove = (): void => rmSync(copy, { recursive: true, force: true });
  try {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
      const before = stateOf(source);
      copyFileSync(source, path);
      rmSync(`${path}-wal`, { force: true });
      if (existsSync(`${source}-wal`)) copyFileSync(`${source}-wal`, `${path}-wal`);
      if (stateOf(source) === before) return { path, remove };
    }
    throw new StoreError("held", `The store ${source} changes all the time. Try again.`);
  } catch (error) {
    remove();
    throw error;
  }
}

function stateOf(path: string): string {
  const { size, mtimeNs } = statSync(path, { bigint: true });
  return `${size} ${mtimeNs}`;
}
