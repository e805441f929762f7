import { HOUR, type EpochMs } from "../../domain/time.ts";
import { compareVersions } from "./name.ts";
import type { InstalledRelease } from "./shelf.ts";

/** Clients of a shared filesystem may follow an old link for a while (NFS: a minute), and clocks differ. */
const LINK_IS_BELIEVED = HOUR;

/**
 * Whether an allocation may run it, or come to: one that lives reads the current release at each of its turns, so what was
 * current at any time since the oldest was submitted.
 */
export function mayBeInUse(
  { current, retiredAt }: Pick<InstalledRelease, "current" | "retiredAt">,
  oldestLive: EpochMs | null,
): boolean {
  if (oldestLive === null) return false;
  return current || retiredAt === null || retiredAt + LINK_IS_BELIEVED >= oldestLive;
}

/** What may go: neither current, nor the newest other of its architecture, nor in use. */
export function prunable(
  releases: readonly InstalledRelease[],
  oldestLive: EpochMs | null,
): readonly InstalledRelease[] {
  return releases.filter((each) => {
    const { architecture, version } = each.name;
    const spare = releases.filter(
      ({ current, name }) => !current && name.architecture === architecture,
    );
    const newest = spare.every(({ name }) => compareVersions(name.version, version) <= 0);
    return !each.current && !newest && !mayBeInUse(each, oldestLive);
  });
}
