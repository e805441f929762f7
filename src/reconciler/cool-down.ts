import { backoff } from "../domain/patience.ts";
import { HOUR, type EpochMs } from "../domain/time.ts";

interface Failure {
  readonly times: number;
  readonly until: EpochMs;
}

/** What failed unexpectedly, by its key: left alone for longer each time, until it succeeds or is wanted no more. */
export class CoolDown {
  readonly #first: number;
  readonly #longest: number;
  readonly #failures = new Map<string, Failure>();

  constructor(first: number, longest: number) {
    this.#first = first;
    this.#longest = longest;
  }

  failed(keys: readonly string[], now: EpochMs, random: number): void {
    for (const key of keys) {
      const times = (this.#failures.get(key)?.times ?? 0) + 1;
      const until = now + backoff(times, random, this.#first, this.#longest);
      this.#failures.set(key, { times, until });
    }
  }

  succeeded(keys: readonly string[]): void {
    for (const key of keys) this.#failures.delete(key);
  }

  /** Those that still cool down. */
  keys(now: EpochMs): readonly string[] {
    const cooling: string[] = [];
    for (const [key, { until }] of this.#failures) {
      if (until > now) cooling.push(key);
      else if (until <= now - HOUR) this.#failures.delete(key);
    }
    return cooling;
  }
}
