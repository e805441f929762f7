import { MINUTE, type EpochMs } from "../domain/time.ts";

/** What refused an array may take one later: jobs of ours have ended in the meantime. */
const PASSES_AFTER = 10 * MINUTE;

/** How large an array PBS destinations take, as far as they have refused any. Forgotten when the program ends. */
export class ArrayLimits {
  readonly #limits = new Map<string | null, { readonly most: number; readonly until: EpochMs }>();

  /** `queue` took no array of more than `most`; for good, or for the time being. */
  learn(queue: string | null, most: number, lasting: boolean, now: EpochMs): void {
    this.#limits.set(queue, { most, until: lasting ? Infinity : now + PASSES_AFTER });
  }

  at(now: EpochMs): ReadonlyMap<string | null, number> {
    const current = [...this.#limits].filter(([, { until }]) => now < until);
    return new Map(current.map(([queue, { most }]) => [queue, most]));
  }
}
