import { z } from "zod";
import { DAY, HOUR, MINUTE, SECOND, parseDuration } from "../../domain/time.ts";

/** What to write instead, for each key of the file. Kept beside the key; `cureAt` finds it by path. */
export const cures = z.registry<{ readonly cure: string }>();

/** Everything that is no one-line text: control characters (ESC, NUL, newline …) and Unicode's line separators. */
export const ONE_LINE = /^[^\p{Cc}\u2028\u2029]*$/u;
export const ONE_LINE_OR_TAB = /^(?:\t|[^\p{Cc}\u2028\u2029])*$/u;

/** YAML takes `123` for a number and `true` for a truth value where text is meant. */
export const QUOTES = "; in quotes if it looks like a number";

const DURATION =
  /^(?:(?:\d{1,5}:)?\d{1,2}:\d{2}|(?=.)(?:\d{1,4}d)?(?:\d{1,5}h)?(?:\d{1,6}m)?(?:\d{1,8}s)?)$/;

/** A duration as PBS and people write it, between two bounds; becomes milliseconds. */
export function duration(least: number, most: number) {
  const bounds = `between ${showDuration(least)} and ${showDuration(most)}`;
  return z
    .string()
    .meta({ pattern: DURATION.source }) // for editors; parseDuration decides
    .transform((text, context) => {
      const seconds = parseDuration(text);
      if (seconds === null) {
        context.addIssue({ code: "custom", message: "is no duration" });
        return z.NEVER;
      }
      const milliseconds = seconds * SECOND;
      if (milliseconds < least || milliseconds > most) {
        context.addIssue({ code: "custom", message: `must be ${bounds}` });
        return z.NEVER;
      }
      return milliseconds;
    })
    .register(cures, {
      cure: `write a duration ${bounds}, with units or as a clock: 90s, 30m, 2h30m, 00:30:00`,
    });
}

function showDuration(milliseconds: number): string {
  if (milliseconds % DAY === 0 && milliseconds > 0) return `${milliseconds / DAY}d`;
  if (milliseconds % HOUR === 0 && milliseconds > 0) return `${milliseconds / HOUR}h`;
  if (milliseconds % MINUTE === 0 && milliseconds > 0) return `${milliseconds / MINUTE}m`;
  return `${milliseconds / SECOND}s`;
}

/** Text that becomes one argument of `qsub`. */
export function argument(pattern: RegExp, most: number, message: string, cure: string) {
  return z.string().regex(pattern, message).max(most).register(cures, { cure });
}

export function count(most: number, cure: string) {
  return z.int().min(1).max(most).register(cures, { cure });
}

/** `:` separates host and path in `qsub -o`; spaces are not safe in a runner's work folder (container hooks split there). */
const DIRECTORY = /^(?:~|(?:~\/|\/)[^\s:$\\"'`\p{Cc}]*)$/u;

export function directory() {
  return argument(
    DIRECTORY,
    1024,
    "is no absolute path free of spaces, ':', '$' and quotes",
    "write an absolute path, or one that begins with ~/ ; variables are not expanded",
  );
}
