import { randomBytes } from "node:crypto";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { HOUR } from "../../domain/time.ts";

/**
 * A place where one process makes a release: the archive as far as it has come, and the tree as far as it is unpacked.
 * Its name tells its owner, so that what a killed process left is taken up, by one other, or removed.
 */
export interface Draft {
  readonly directory: string;
  readonly archive: string;
  readonly tree: string;
  /** Lets go of it; the archive is kept for whoever tries next. */
  abandon(): Promise<void>;
  removeArchive(): Promise<void>;
  remove(): Promise<void>;
}

/** Of another host only this can be seen: nothing was written for this long. No unpacking lasts that long. */
const STALE = 2 * HOUR;
const IDLE = "idle";

/** Takes up a draft of this file that nobody owns any more, or begins one. */
export async function openDraft(drafts: string, file: string): Promise<Draft> {
  const own = join(drafts, nameFor(file, ownerHere()));
  for (const each of await abandonedIn(drafts)) {
    if (!each.startsWith(`${file}~`)) continue;
    // Of several that try, the rename of one succeeds.
    const taken = await rename(join(drafts, each), own).then(
      () => true,
      () => false,
    );
    if (!taken) continue;
    await removeTree(join(own, "tree"));
    return draftAt(drafts, own, file);
  }
  await mkdir(own, { recursive: true });
  return draftAt(drafts, own, file);
}

/** Removes what nobody owns any more. */
export async function removeAbandoned(drafts: string): Promise<void> {
  for (const each of await abandonedIn(drafts)) await removeTree(join(drafts, each));
}

/** Takes a directory away at once, by a rename, and then removes what is in it. */
export async function removeThroughDrafts(drafts: string, directory: string): Promise<void> {
  await mkdir(drafts, { recursive: true });
  const doomed = join(drafts, nameFor("removed", ownerHere()));
  await rename(directory, doomed);
  await removeTree(doomed);
}

function draftAt(drafts: string, directory: string, file: string): Draft {
  const remove = (): Promise<void> => removeTree(directory);
  return {
    directory,
    archive: join(directory, "archive"),
    tree: join(directory, "tree"),
    async abandon() {
      await removeTree(join(directory, "tree"));
      await rename(directory, join(drafts, nameFor(file, IDLE))).catch(remove);
    },
    removeArchive: () => rm(join(directory, "archive"), { force: true }),
    remove,
  };
}

function ownerHere(): string {
  return `${hostname()}~${process.pid}`;
}

function nameFor(file: string, owner: string): string {
  return `${file}~${owner}~${randomBytes(4).toString("hex")}`;
}

async function abandonedIn(drafts: string): Promise<readonly string[]> {
  const entries = await readdir(drafts).catch(() => []);
  const abandoned = await Promise.all(entries.map((each) => isAbandoned(drafts, each)));
  return entries.filter((_each, index) => abandoned[index]);
}

async function isAbandoned(drafts: string, entry: string): Promise<boolean> {
  const [, host, pid] = entry.split("~");
  if (host === IDLE) return true;
  if (host === hostname() && pid !== undefined) return !isRunning(Number(pid));
  const touched = await Promise.all(
    [entry, join(entry, "archive"), join(entry, "tree")].map((each) =>
      stat(join(drafts, each)).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  );
  return Date.now() - Math.max(...touched) > STALE;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}

function removeTree(path: string): Promise<void> {
  return rm(path, { recursive: true, force: true, maxRetries: 3 });
}
