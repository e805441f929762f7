import { backoff } from "./patience.ts";
import { MINUTE, type EpochMs } from "./time.ts";

/**
 * Something that failed and is left alone for a while, then probed with one attempt: a pool whose submissions fail, a
 * pool whose allocations end before they serve anybody, or an installation whose runners cannot be minted.
 */
export interface Hold {
  /** `pool:<name>`, `allocations:<pool>` or `installation:<id>`. */
  readonly subject: string;
  /** In a row, without a success between. */
  readonly failures: number;
  readonly until: EpochMs;
  /** In the words of PBS or GitHub. */
  readonly reason: string;
}

export function poolSubject(pool: string): string {
  return `pool:${pool}`;
}

/** Of a pool's allocations once PBS has started them, as against {@link poolSubject}: their submission. */
export function allocationsSubject(pool: string): string {
  return `allocations:${pool}`;
}

/** Is it of some pool's allocations? */
export function holdsAllocations({ subject }: Hold): boolean {
  return subject.startsWith(allocationsSubject(""));
}

export function installationSubject(installationId: number): string {
  return `installation:${installationId}`;
}

/**
 * The hold after one more failure. Failures while it holds are of attempts that had begun before, and count as one with
 * the first: many submissions that fail together are one failure. `afterMs` is what the other side asked for, if it did; a person's matter waits longer. */
export function extendHold(
  previous: Hold | undefined,
  failure: {
    readonly subject: string;
    readonly reason: string;
    readonly afterMs?: number | null;
    readonly needsPerson?: boolean;
  },
  now: EpochMs,
  random: number,
): Hold {
  if (previous && now < previous.until) {
    const until = Math.max(previous.until, now + (failure.afterMs ?? 0));
    return { ...previous, until, reason: failure.reason };
  }
  const failures = (previous?.failures ?? 0) + 1;
  const wait = backoff(failures, random, failure.needsPerson === true ? MINUTE : undefined);
  const until = now + Math.max(wait, failure.afterMs ?? 0);
  return { subject: failure.subject, failures, until, reason: failure.reason };
}
