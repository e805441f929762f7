import type { EpochMs } from "../domain/time.ts";

/** Something to be done every so often beside the loop, at its ticks: it has no timer of its own. */
export interface Chore {
  /** Its key among the actions under way: never done twice at a time. */
  readonly key: string;
  readonly every: number;
  readonly work: () => void | Promise<void>;
}

/** Which chores are due. All are at the start. */
export class Chores {
  readonly #chores: readonly Chore[];
  readonly #done = new Map<string, EpochMs>();

  constructor(chores: readonly Chore[]) {
    this.#chores = chores;
  }

  /** Those that are due and not under way; from now on they count as done. */
  take(now: EpochMs, underWay: ReadonlySet<string>): readonly Chore[] {
    const due = this.#chores.filter(
      ({ key, every }) => !underWay.has(key) && now - (this.#done.get(key) ?? -Infinity) >= every,
    );
    for (const { key } of due) this.#done.set(key, now);
    return due;
  }
}
