import { randomUUID } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeSync,
} from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { SECOND } from "../domain/time.ts";
import { StoreError } from "./errors.ts";

/**
 * A lease of another host that was not renewed for this long is dead. SQLite's own lock is the second guard; it is not
 * the only one because Lustre's `localflock` and some NFS mounts keep locks within one host.
 */
const LEASE_MS = 120 * SECOND;
const RENEW_MS = 20 * SECOND;

const LEASE_FILE = "instance.json";

const Holder = z.object({
  id: z.string(),
  host: z.string(),
  pid: z.number().int(),
  since: z.string(),
});
/** Who uses a state directory. */
export type Holder = Readonly<z.infer<typeof Holder>>;

/** The right to be the one instance that uses a state directory. */
export interface Lease {
  /** Cheap; call it at least every minute. Throws `held` if another instance has taken the lease over. */
  renew(now: number): void;
  release(): void;
}

/**
 * Takes the lease: a file that appears by `link`, which is atomic on NFS too.
 *
 * @throws {StoreError} `held`, with host, pid and age of the holder.
 */
export function takeLease(directory: string, now: number): Lease {
  const path = join(directory, LEASE_FILE);
  const holder: Holder = {
    id: randomUUID(),
    host: hostname(),
    pid: process.pid,
    since: new Date(now).toISOString(),
  };
  const draft = join(directory, `.instance.${holder.id}`);
  writeDurably(draft, JSON.stringify(holder));
  try {
    if (!tryLink(draft, path)) {
      refuseIfAlive(path, now);
      // The holder is dead: replace its lease. Two that do so at once are told apart by the check below.
      renameSync(draft, path);
    }
  } finally {
    rmSync(draft, { force: true });
  }
  if (readHolder(path)?.id !== holder.id) throw held(path, readHolder(path));
  let renewed = now;
  return {
    renew(at) {
      if (at - renewed < RENEW_MS) return;
      if (readHolder(path)?.id !== holder.id) throw held(path, readHolder(path));
      utimesSync(path, at / 1000, at / 1000);
      renewed = at;
    },
    release() {
      if (readHolder(path)?.id === holder.id) rmSync(path, { force: true });
    },
  };
}

function writeDurably(path: string, text: string): void {
  const file = openSync(path, "wx", 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function tryLink(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if (hasCode(error, "EEXIST")) return false;
    throw error;
  }
}

function refuseIfAlive(path: string, now: number): void {
  const holder = findHolder(path, now);
  if (holder) throw held(path, holder);
}

/** The instance that uses a state directory now; `null` for none. Changes nothing. */
export function holderOf(directory: string, now: number): Holder | null {
  return findHolder(join(directory, LEASE_FILE), now);
}

function findHolder(path: string, now: number): Holder | null {
  const holder = readHolder(path);
  if (!holder) return null;
  const here = holder.host === hostname();
  const age = now - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0);
  return (here ? isRunning(holder.pid) : age < LEASE_MS) ? holder : null;
}

function held(path: string, holder: Holder | null): StoreError {
  const who = holder
    ? `by process ${holder.pid} on ${holder.host} since ${holder.since}`
    : "by another instance";
  return new StoreError(
    "held",
    `The state directory is held ${who} (${path}). Stop that instance, or give this one its own XDG_STATE_HOME.`,
  );
}

/** `null` for a missing or unreadable lease: its writer died before it was whole. */
function readHolder(path: string): Holder | null {
  try {
    return Holder.parse(JSON.parse(readFileSync(path, "utf8")));
  } catch {
    return null;
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, "EPERM");
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}
