/** Milliseconds since the Unix epoch, as `Date.now()` gives it. */
export type EpochMs = number;

export const SECOND = 1_000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;

/** `HH:MM:SS` as PBS writes a walltime; hours may exceed 24. */
export function formatWalltime(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const parts = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}

/**
 * Reads a duration as people and PBS write it: `HH:MM:SS`, `MM:SS`, or units `2h30m`, `90s`, `1d`.
 * A bare number is refused: PBS reads it as seconds, people mean minutes.
 *
 * @returns seconds, or `null` when the text is no duration.
 */
export function parseDuration(text: string): number | null {
  const clock = /^(?:(\d{1,5}):)?(\d{1,2}):(\d{2})$/.exec(text);
  if (clock) {
    const [, hours = "0", minutes = "0", seconds = "0"] = clock;
    if (Number(seconds) > 59 || (clock[1] !== undefined && Number(minutes) > 59)) return null;
    return Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
  }
  const units = /^(?:(\d{1,4})d)?(?:(\d{1,5})h)?(?:(\d{1,6})m)?(?:(\d{1,8})s)?$/.exec(text);
  if (!units || text === "") return null;
  const [, days = "0", hours = "0", minutes = "0", seconds = "0"] = units;
  return Number(days) * 86_400 + Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
}
