import { randomBytes } from "node:crypto";
import { linkSync, lstatSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { StoreError } from "../store/errors.ts";

/** What the unguessable parts of the handoff's paths are made from: 32 random bytes, for as long as the state lives. */
export type HandoffKey = Buffer;

const LENGTH = 32;

/**
 * Reads the key from the state directory, or makes it on the first start.
 *
 * @throws {StoreError} if what is there is no key.
 */
export function loadHandoffKey(stateDirectory: string): HandoffKey {
  const path = join(stateDirectory, "handoff.key");
  return read(path) ?? make(path);
}

function read(path: string): HandoffKey | null {
  const status = lstatSync(path, { throwIfNoEntry: false });
  if (!status) return null;
  if (status.isFile() && status.size === LENGTH) return readFileSync(path);
  throw new StoreError(
    "corrupt",
    `${path} is not the key that hpc-runners made. If no allocation of it runs any more, remove the file; a new one is made.`,
  );
}

/** Whole or not at all: a crash must not leave half a key. */
function make(path: string): HandoffKey {
  const temporary = `${path}.${process.pid}`;
  const key = randomBytes(LENGTH);
  writeFileSync(temporary, key, { mode: 0o600, flush: true });
  try {
    linkSync(temporary, path);
  } finally {
    rmSync(temporary, { force: true });
  }
  return key;
}
