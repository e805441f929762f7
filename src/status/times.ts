import { formatWalltime, type EpochMs } from "../domain/time.ts";

/** `MM:SS`, or hours before it; `–` where there is no such time. */
export function lasted(from: EpochMs | null, to: EpochMs | null): string {
  if (from === null || to === null) return "–";
  return formatWalltime((to - from) / 1000).replace(/^00:/, "");
}

/** `2026-11-24 22:05:17`, and how long ago that is; `–` for none. */
export function moment(at: EpochMs | null, now: EpochMs): string {
  if (at === null) return "–";
  const distance = lasted(Math.min(at, now), Math.max(at, now));
  return `${clock(at)} (${at <= now ? `${distance} ago` : `in ${distance}`})`;
}

/** On this machine's clock. */
export function clock(at: EpochMs): string {
  // Swedish writes dates as ISO 8601 does.
  return new Date(at).toLocaleString("sv-SE");
}
