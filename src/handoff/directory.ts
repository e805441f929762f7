import { createHmac, timingSafeEqual } from "node:crypto";
import { chmodSync, constants, mkdirSync, watch } from "node:fs";
import { mkdir, open, readdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";
import { pbsNameOf } from "../domain/pbs-name.ts";
import type { Handoff, Received } from "./handoff.ts";
import type { HandoffKey } from "./key.ts";
import { LARGEST_MESSAGE, parseMessage } from "./message.ts";

export interface HandoffOptions {
  /** Absolute, on a filesystem that compute nodes share. Made if it is missing. */
  readonly directory: string;
  readonly key: HandoffKey;
  readonly log: Logger;
}

/** The handoff on a real filesystem, with what tells of changes where the filesystem can. */
export interface DirectoryHandoff extends Handoff {
  /** Calls `changed` when a message may have come; only for those written on this host. @returns what ends it. */
  watch(changed: () => void): () => void;
}

const INBOX = "inbox";
const SECRET = /^[0-9a-f]{32}$/;
/** Messages read at a time; the rest comes with the next look. */
const MOST_MESSAGES = 1_000;
/** Names of foreign files that are remembered, so that each is reported once. */
const MOST_FOREIGN = 1_000;

/** @throws the filesystem's error if the directory cannot be made or is somebody else's. */
export function createHandoff({ directory, key, log }: HandoffOptions): DirectoryHandoff {
  const inbox = join(directory, INBOX);
  for (const path of [directory, inbox]) {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    // One that was there may be open to others; changing it fails if it is not ours.
    chmodSync(path, 0o700);
  }
  const foreign = new Set<string>();

  function pathOf(allocation: string): string {
    return join(directory, `${allocation}.${secretOf(key, allocation)}`);
  }

  /** Once for each file; beyond {@link MOST_FOREIGN} all the others together. */
  function reportForeign(file: string, why: string): void {
    if (foreign.has(file) || foreign.size > MOST_FOREIGN) return;
    foreign.add(file);
    if (foreign.size > MOST_FOREIGN)
      log.warn({ directory }, "The handoff is full of foreign files");
    else log.warn({ directory, file, why }, "A file in the handoff is not ours");
  }

  /** Proves with the key that we gave a file or directory its name. @returns the allocation it belongs to. */
  function ownerOf(file: string): string | null {
    const [allocation = "", secret = ""] = file.split(".", 2);
    return SECRET.test(secret) && isSame(secret, secretOf(key, allocation)) ? allocation : null;
  }

  async function read(file: string, allocation: string): Promise<Received | null> {
    const text = await readBounded(join(inbox, file));
    const message = text === null ? null : parseMessage(allocation, text);
    if (message === null) reportForeign(file, "it cannot be read as a message");
    return message === null ? null : { message, file };
  }

  return {
    async open(allocation) {
      const path = pathOf(allocation);
      await mkdir(path, { recursive: true, mode: 0o700 });
      return path;
    },
    async receive() {
      const names = await readdir(inbox);
      const received: Received[] = [];
      for (const file of names.toSorted()) {
        // A name that begins with a dot is being written.
        if (file.startsWith(".") || foreign.has(file)) continue;
        const allocation = ownerOf(file);
        if (allocation === null) {
          reportForeign(file, "its name is not of an allocation of ours");
          continue;
        }
        const each = await read(file, allocation);
        if (each) received.push(each);
        if (received.length >= MOST_MESSAGES) break;
      }
      return received;
    },
    async list() {
      const entries = await readdir(directory, { withFileTypes: true });
      return entries.flatMap((entry) => {
        if (entry.name === INBOX) return [];
        const allocation = ownerOf(entry.name);
        if (allocation !== null && entry.isDirectory()) return [allocation];
        reportForeign(entry.name, "it is no directory of an allocation of ours");
        return [];
      });
    },
    async acknowledge(received) {
      await Promise.all(received.map(({ file }) => rm(join(inbox, file), { force: true })));
    },
    deliver(allocation, turn, jitConfig) {
      // By our time the node finds out whether its own clock is right enough for GitHub.
      const seconds = Math.floor(Date.now() / 1000);
      return appear(join(pathOf(allocation), `turn-${turn}.jit`), `${jitConfig}\n${seconds}\n`);
    },
    release: (allocation) => appear(join(pathOf(allocation), "release"), ""),
    async close(allocation) {
      const path = pathOf(allocation);
      await rm(path, { recursive: true, force: true });
      const mark = `${allocation}.${secretOf(key, allocation)}.`;
      const names = await readdir(inbox);
      const theirs = names.filter((name) => name.startsWith(mark) || name.startsWith(`.${mark}`));
      await Promise.all(theirs.map((name) => rm(join(inbox, name), { force: true })));
    },
    watch(changed) {
      const watcher = watch(inbox, { persistent: false }, changed);
      // Not every filesystem tells of changes: the inbox is listed every second in any case.
      watcher.on("error", () => watcher.close());
      return () => watcher.close();
    },
  };
}

/**
 * 128 bits nobody can guess without the key; the same for the same allocation, so that nothing need be stored. Members
 * of an array share theirs: they run one script, which can then be as short for a thousand of them as for one. It keeps
 * other users out; each other's directories the jobs of one user can list in any case.
 */
function secretOf(key: HandoffKey, allocation: string): string {
  const { job } = pbsNameOf(allocation);
  return createHmac("sha256", key).update(job).digest("hex").slice(0, 32);
}

function isSame(given: string, wanted: string): boolean {
  return given.length === wanted.length && timingSafeEqual(Buffer.from(given), Buffer.from(wanted));
}

/** Whole or not at all, for whoever looks: written beside, then renamed. */
async function appear(path: string, content: string): Promise<void> {
  const draft = `${path}.draft`;
  await rm(draft, { force: true });
  await writeFile(draft, content, { mode: 0o600, flag: "wx", flush: true });
  await rename(draft, path);
}

/** @returns `null` for what is no regular file, too large, or gone. */
async function readBounded(path: string): Promise<string | null> {
  try {
    // Not blocking: what looks like a message may be a FIFO that nobody writes to.
    const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const status = await file.stat();
      if (!status.isFile() || status.size > LARGEST_MESSAGE) return null;
      return await file.readFile("utf8");
    } finally {
      await file.close();
    }
  } catch {
    return null;
  }
}
