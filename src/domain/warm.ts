import { Cron } from "croner";
import type { LabelSet } from "./labels.ts";
import type { EpochMs } from "./time.ts";

/** So many allocations of one kind are kept waiting for jobs, always or at certain hours. */
export interface WarmRule {
  /** As a job's `runs-on`: says which lane. */
  readonly runsOn: LabelSet;
  /** `null` where the App is installed on one organization only. */
  readonly organization: string | null;
  /** Allocations beyond those that queued jobs need. */
  readonly min: number;
  /** `null` for always. */
  readonly hours: Hours | null;
}

/** From each time that a cron expression names, for so long. */
export interface Hours {
  /** Five fields, in the time zone. */
  readonly cron: string;
  /** IANA name; the zone of this machine where `null`. */
  readonly timeZone: string | null;
  readonly seconds: number;
}

/** Is it one of the hours? */
export function isOpen(hours: Hours | null, now: EpochMs): boolean {
  if (hours === null) return true;
  // It is open when the next beginning after one whole length ago has already been.
  const from = new Date(now - hours.seconds * 1000);
  const next = cronOf(hours).nextRun(from);
  return next !== null && next.getTime() <= now;
}

const crons = new Map<string, Cron>();

/** Parsed once: the plan asks at every tick. */
function cronOf({ cron, timeZone }: Hours): Cron {
  const key = `${timeZone ?? ""} ${cron}`;
  const known = crons.get(key);
  if (known) return known;
  const parsed = new Cron(cron, {
    paused: true,
    ...(timeZone === null ? {} : { timezone: timeZone }),
  });
  crons.set(key, parsed);
  return parsed;
}

/** Why this is no cron expression or time zone; `null` when it is one. */
export function mistakeOfHours(hours: Pick<Hours, "cron" | "timeZone">): string | null {
  try {
    const next = cronOf({ ...hours, seconds: 0 }).nextRun(new Date(0));
    return next === null ? "names no time that will ever come" : null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
