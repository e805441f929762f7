import type { Logger } from "pino";
import { DAY, HOUR, MINUTE, type EpochMs } from "../../domain/time.ts";
import type { Offer } from "./catalogue.ts";
import { installRelease, type InstallContext } from "./install.ts";
import { ARCHITECTURES, compareVersions, directoryOf, type Architecture } from "./name.ts";
import type { InstalledRelease } from "./shelf.ts";
import { hostArchitecture } from "./source.ts";

/** GitHub gives no jobs to a runner that is 30 days behind (facts/github.md §4). */
const REFUSED_AFTER = 30 * DAY;
/** So long before that, a warning becomes an error. */
const ALARM_AFTER = 25 * DAY;
const CHECK_EVERY = DAY;
const RETRY_EVERY = HOUR;
/** Many allocations may be told at once that their runner is too old. */
const TRIGGER_EVERY = MINUTE;

export interface KeeperOptions extends Pick<
  InstallContext,
  "shelf" | "offers" | "mirror" | "fetch" | "now"
> {
  /** `false`: only look, and warn. */
  readonly update: boolean;
  /** When the oldest allocation that lives was submitted; `null` if none lives. */
  readonly oldestLive: () => EpochMs | null;
  readonly log: Logger;
}

/** Keeps the installed releases as new as GitHub wants them. */
export interface ReleaseKeeper {
  /**
   * Looks if a day has gone by since GitHub last said what it wants. Never rejects: what fails is logged, and tried again.
   *
   * @returns whether a newer release was installed.
   */
  keep(): Promise<boolean>;
  /** The same, when GitHub has refused the installed release: looks at once, at most every minute. */
  triggerUpdate(): Promise<boolean>;
  /** Ends what is under way; a download is gone on with next time. */
  stop(): void;
}

export function createReleaseKeeper(options: KeeperOptions): ReleaseKeeper {
  const stopped = new AbortController();
  const check = createCheck(options, stopped.signal);
  let running: Promise<boolean> | null = null;
  let tried = -Infinity;

  function checkNow(refused: boolean): Promise<boolean> {
    tried = options.now();
    // Who comes while one is under way gets what that finds.
    running ??= check(refused).finally(() => {
      running = null;
    });
    return running;
  }

  return {
    async keep() {
      if (options.now() - tried < RETRY_EVERY || !(await isDue(options))) return false;
      return checkNow(false);
    },
    async triggerUpdate() {
      if (running === null && options.now() - tried < TRIGGER_EVERY) return false;
      return checkNow(true);
    },
    stop: () => stopped.abort(),
  };
}

/** Of what is installed, some was not confirmed for a day. */
async function isDue({ shelf, now }: KeeperOptions): Promise<boolean> {
  const current = await currentReleases(shelf);
  return (
    current.length === 0 ||
    current.some(({ freshAt }) => freshAt === null || now() - freshAt >= CHECK_EVERY)
  );
}

async function currentReleases(
  shelf: KeeperOptions["shelf"],
): Promise<readonly InstalledRelease[]> {
  const found = await Promise.all(ARCHITECTURES.map((each) => shelf.current(each)));
  return found.flatMap((each) => each ?? []);
}

function createCheck(options: KeeperOptions, signal: AbortSignal) {
  const { shelf, offers, now, oldestLive, log } = options;

  return async function check(refused: boolean): Promise<boolean> {
    let installed = false;
    try {
      const current = await currentReleases(shelf);
      // One that was unpacked by hand is joined by one that is kept fresh.
      const architectures =
        current.length === 0 ? [hostArchitecture()] : current.map(({ name }) => name.architecture);
      const offered = await offers();
      for (const architecture of architectures) {
        if (await follow(architecture, offered, refused)) installed = true;
      }
      const removed = await shelf.prune(oldestLive(), now());
      for (const { name } of removed) {
        log.info({ release: directoryOf(name) }, "Removed an old release of GitHub's runner");
      }
    } catch (error) {
      if (signal.aborted) return installed;
      log.warn({ reason: messageOf(error) }, "GitHub's runner could not be kept up to date");
      await warnIfBehind();
    }
    return installed;
  };

  async function follow(
    architecture: Architecture,
    offered: readonly Offer[],
    refused: boolean,
  ): Promise<boolean> {
    const installed = await shelf.current(architecture);
    const offer = offered.find(({ name }) => name.architecture === architecture);
    if (!offer) {
      log.warn({ architecture }, "GitHub offers no runner for this architecture");
      return false;
    }
    // GitHub takes back a release now and then; what is newer than it wants, it takes.
    const news =
      installed === null || compareVersions(offer.name.version, installed.name.version) > 0;
    if (!news) {
      await shelf.noteFresh(installed.name, now());
      if (refused) {
        const release = directoryOf(installed.name);
        log.error(
          { release },
          "GitHub refuses the installed release of its runner and offers none newer",
        );
      }
      return false;
    }
    if (!options.update) {
      log.warn(
        { offered: offer.name.version, installed: installed?.name.version ?? null },
        "GitHub wants a newer release of its runner, and runner.update is never: run hpc-runners runner install",
      );
      if (installed !== null) warn(installed, now());
      return false;
    }
    await update(offer, offered);
    return true;
  }

  async function update({ name }: Offer, offered: readonly Offer[]): Promise<void> {
    log.info({ release: directoryOf(name) }, "Installing a new release of GitHub's runner");
    const request = { ...name, from: null, sha256: null, unverified: false };
    await installRelease(request, {
      ...options,
      offers: () => Promise.resolve(offered),
      signal,
      onProgress: () => undefined,
    });
    log.info({ release: directoryOf(name) }, "Allocations use it from their next turn on");
  }

  async function warnIfBehind(): Promise<void> {
    const current = await currentReleases(shelf).catch(() => []);
    for (const each of current) warn(each, now());
  }

  function warn({ name, freshAt, facts }: InstalledRelease, at: EpochMs): void {
    const behind = at - (freshAt ?? facts.installedAt);
    if (behind < ALARM_AFTER) return;
    log.error(
      { release: directoryOf(name), days: Math.floor(behind / DAY) },
      behind < REFUSED_AFTER
        ? "GitHub's runner may soon be too old: GitHub gives no jobs to one that is 30 days behind. Run hpc-runners runner install"
        : "GitHub's runner may be too old to be given jobs, it was last known to be wanted more than 30 days ago. Run hpc-runners runner install",
    );
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
