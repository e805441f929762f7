import { readdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Logger } from "pino";
import { DAY, type EpochMs } from "../domain/time.ts";

/** Kept this long, and no more than so many: each has at most some 8 MB (node/diagnostics.sh). */
const KEPT = 14 * DAY;
const MOST_KEPT = 100;

/** Removes what allocations kept of failed runners, `<allocation>-<turn>` each, when it is old or too much. Never rejects. */
export async function pruneDiagnostics(
  directory: string,
  now: EpochMs,
  log: Logger,
): Promise<void> {
  try {
    const names = await readdir(directory);
    const found = await Promise.all(
      names.map(async (name) => {
        const { mtimeMs } = await stat(join(directory, name));
        return { path: join(directory, name), at: mtimeMs };
      }),
    );
    const newestFirst = found.toSorted((a, b) => b.at - a.at);
    const old = newestFirst.filter(({ at }, index) => index >= MOST_KEPT || now - at >= KEPT);
    for (const { path } of old) await rm(path, { recursive: true, force: true });
    if (old.length > 0) log.info({ directory, removed: old.length }, "Old diagnostics removed");
  } catch (error) {
    log.warn({ err: error, directory }, "Could not remove old diagnostics");
  }
}
