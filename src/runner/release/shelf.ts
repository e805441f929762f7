import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import {
  access,
  chmod,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { EpochMs } from "../../domain/time.ts";
import { removeAbandoned, removeThroughDrafts } from "./draft.ts";
import { explainFileError, ReleaseError } from "./error.ts";
import { whyUnusable } from "./inspect.ts";
import {
  compareVersions,
  directoryOf,
  nameOfDirectory,
  type Architecture,
  type ReleaseName,
} from "./name.ts";
import { prunable } from "./use.ts";

const Facts = z.object({
  sha256: z.string(),
  /** Whose word the checksum was compared with. */
  vouchedBy: z.enum(["github", "user", "nobody"]),
  installedAt: z.number(),
  files: z.number(),
  bytes: z.number(),
});
export type ReleaseFacts = Readonly<z.infer<typeof Facts>>;

export interface InstalledRelease {
  readonly name: ReleaseName;
  readonly directory: string;
  readonly facts: ReleaseFacts;
  /** Allocations that begin a turn now use it. */
  readonly current: boolean;
  /** When it ceased to be current; `null` if it is, or if that was not seen. */
  readonly retiredAt: EpochMs | null;
  /** When GitHub last said that it wants no newer; `null` if never. */
  readonly freshAt: EpochMs | null;
}

/** Not seen by `$ghr_runner/*` on a node, which links all else into a runner's root. */
const FACTS = ".release.json";
const RETIRED = ".retired";
const FRESH = ".fresh";

/**
 * The directory in which releases stand side by side, `<version>-<architecture>`, each complete from the moment it can be
 * seen, and a link `current-<architecture>` that allocations follow. Any number of processes and hosts may use it.
 */
export class ReleaseShelf {
  readonly directory: string;
  /** On the same filesystem: what is made there is put in its place by a rename. */
  readonly drafts: string;

  constructor(directory: string) {
    this.directory = directory;
    this.drafts = join(directory, ".drafts");
  }

  /**
   * Makes the directory, and finds out before anything is downloaded whether a release could be used from it.
   *
   * @throws {ReleaseError} `mend`.
   */
  async prepare(): Promise<void> {
    const probe = join(this.drafts, `probe-${randomBytes(4).toString("hex")}`);
    try {
      await mkdir(this.directory, { recursive: true });
      // On a read-only filesystem a recursive one fails with a misleading ENOENT.
      await mkdir(this.drafts).catch(async (error: unknown) => {
        if (!(await exists(this.drafts))) throw error;
      });
      await writeFile(probe, "#!/bin/sh\n");
      await chmod(probe, 0o700);
      await access(probe, constants.X_OK).catch((cause: unknown) => {
        const sentence = `${this.directory} is on a filesystem mounted noexec, no runner could be started from there`;
        const cure = "set directories.runner to a filesystem that login and compute nodes share";
        throw new ReleaseError("mend", sentence, cure, cause);
      });
    } catch (error) {
      throw explainFileError(error, "Installing GitHub's runner", this.directory);
    } finally {
      await rm(probe, { force: true }).catch(() => undefined);
    }
  }

  /** Usable releases, newest first. */
  async list(): Promise<readonly InstalledRelease[]> {
    const entries = await readdir(this.directory).catch(() => []);
    const names = entries.flatMap((each) => nameOfDirectory(each) ?? []);
    const found = await Promise.all(names.map((name) => this.find(name)));
    return found
      .flatMap((each) => each ?? [])
      .toSorted(
        (a, b) =>
          -compareVersions(a.name.version, b.name.version) ||
          a.name.architecture.localeCompare(b.name.architecture),
      );
  }

  /** `null` if there is none of this name, or nothing usable. */
  async find(name: ReleaseName): Promise<InstalledRelease | null> {
    const directory = join(this.directory, directoryOf(name));
    if (whyUnusable(directory) !== null) return null;
    const facts = await readFile(join(directory, FACTS), "utf8").then(
      (text) => Facts.safeParse(parseJson(text)).data ?? null,
      () => null,
    );
    if (facts === null) return null;
    const current = (await this.#target(name.architecture)) === directoryOf(name);
    return {
      name,
      directory,
      facts,
      current,
      retiredAt: current ? null : await readTime(join(directory, RETIRED)),
      freshAt: await readTime(join(directory, FRESH)),
    };
  }

  async current(architecture: Architecture): Promise<InstalledRelease | null> {
    const target = await this.#target(architecture);
    const name = target === null ? null : nameOfDirectory(target);
    return name?.architecture === architecture ? this.find(name) : null;
  }

  /** Puts a finished tree in its place. Of several that put the same there, one does, and the others see it. */
  async publish(tree: string, name: ReleaseName, facts: ReleaseFacts): Promise<void> {
    const place = join(this.directory, directoryOf(name));
    try {
      await writeFile(join(tree, FACTS), `${JSON.stringify(facts)}\n`);
      if ((await exists(place)) && (await this.find(name)) === null) {
        // Somebody removed a part of it.
        await removeThroughDrafts(this.drafts, place);
      }
      await rename(tree, place).catch(async (error: unknown) => {
        if ((await this.find(name)) === null) throw error;
      });
    } catch (error) {
      throw explainFileError(error, "Installing GitHub's runner", place);
    }
  }

  /** From now on allocations take this one. Those that run keep what they began with. */
  async makeCurrent(name: ReleaseName, now: EpochMs): Promise<void> {
    const before = await this.current(name.architecture);
    const link = join(this.directory, linkOf(name.architecture));
    const draft = join(this.drafts, `link-${randomBytes(4).toString("hex")}`);
    try {
      await rm(join(this.directory, directoryOf(name), RETIRED), { force: true });
      if (before?.name.version === name.version) return;
      await mkdir(this.drafts, { recursive: true });
      await symlink(directoryOf(name), draft);
      await rename(draft, link);
      if (before) await this.#retire(before.name, now);
    } catch (error) {
      await rm(draft, { force: true });
      throw explainFileError(error, "Making a release of GitHub's runner the current one", link);
    }
  }

  /** GitHub said that it wants this one. */
  async noteFresh(name: ReleaseName, now: EpochMs): Promise<void> {
    await writeTime(join(this.directory, directoryOf(name), FRESH), now);
  }

  /**
   * Removes old releases: of each architecture the current one and the newest other are kept, and whatever an allocation
   * may still run.
   *
   * @param oldestLive when the oldest allocation that lives was submitted; `null` if none lives.
   */
  async prune(oldestLive: EpochMs | null, now: EpochMs): Promise<readonly InstalledRelease[]> {
    const all = await this.list();
    for (const { name, current, retiredAt } of all) {
      // Its link was changed by a process that died then, or by hand.
      if (!current && retiredAt === null) await this.#retire(name, now);
    }
    const doomed = prunable(all, oldestLive);
    try {
      for (const { directory } of doomed) await removeThroughDrafts(this.drafts, directory);
      await removeAbandoned(this.drafts);
    } catch (error) {
      throw explainFileError(error, "Removing old releases of GitHub's runner", this.directory);
    }
    return doomed;
  }

  async #retire(name: ReleaseName, now: EpochMs): Promise<void> {
    await writeTime(join(this.directory, directoryOf(name), RETIRED), now);
  }

  async #target(architecture: Architecture): Promise<string | null> {
    return readlink(join(this.directory, linkOf(architecture))).catch(() => null);
  }
}

export function linkOf(architecture: Architecture): string {
  return `current-${architecture}`;
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** In the file, not its times: filesystems differ in what they do to those, and their clocks from ours. */
async function writeTime(path: string, time: EpochMs): Promise<void> {
  await writeFile(path, `${new Date(time).toISOString()}\n`);
}

async function readTime(path: string): Promise<EpochMs | null> {
  const time = await readFile(path, "utf8").then(
    (text) => Date.parse(text.trim()),
    () => Number.NaN,
  );
  return Number.isFinite(time) ? time : null;
}
