import { adoptAllocation } from "../domain/allocation.ts";
import { UNKNOWN_LANE } from "../domain/lane.ts";
import { installationSubject } from "../domain/hold.ts";
import { adoptRunner } from "../domain/runner.ts";
import { MINUTE, type EpochMs } from "../domain/time.ts";
import type { RegisteredRunner } from "../github/github.ts";
import type { ActContext } from "./act-context.ts";
import { closeHandoff } from "./handoff-end.ts";
import { heedGitHub } from "./holds.ts";

/** How often allocations that the store does not know are looked for. */
export const LOOK_FOR_LEFTOVERS_EVERY = 5 * MINUTE;
/** Of the newest allocations, these are looked through for ones that were found not long ago. */
const MOST_REMEMBERED = 200;

/**
 * Allocations of ours that the store does not know: it was lost, or an older copy of it was put back. That their directory
 * bears a name made with our key proves that they are ours. They are taken into the store, and from there the plan brings
 * them to their end as it does all others; here is only decided when enough is known of them.
 */
export class Leftovers {
  readonly #context: ActContext;
  /** A registration that was asked for before the store was lost may still appear until this long after. */
  readonly #lostMint: number;
  /** Since when each was seen without any runner. */
  readonly #since = new Map<string, EpochMs>();
  /** When each was taken into the store, for as long as a late registration of it may appear; `null` before it was looked up. */
  #adopted: Map<string, EpochMs> | null = null;

  constructor(context: ActContext, lostMint: number) {
    this.#context = context;
    this.#lostMint = lostMint;
  }

  /** One listing of the handoff; GitHub is asked only if there is an unknown allocation, or was one not long ago. */
  async look(): Promise<void> {
    const { ports, log } = this.#context;
    const unknown = await this.#listUnknown();
    for (const name of this.#since.keys()) if (!unknown.includes(name)) this.#since.delete(name);
    const adopted = this.#adoptedLately();
    if (unknown.length + adopted.length === 0 || this.#mustWait()) return;
    const outcome = await ports.github.listRunners();
    for (const scope of this.#context.store.installations()) {
      heedGitHub(this.#context, scope, outcome);
    }
    if (outcome.kind !== "listed") {
      log.warn({ reason: outcome.reason }, "Could not ask for the runners of unknown allocations");
      return;
    }
    const runnersOf = (allocation: string): RegisteredRunner[] =>
      outcome.runners.filter(({ name }) => name.startsWith(`${allocation}-`));
    for (const name of unknown) {
      const runners = runnersOf(name);
      if (runners.length > 0 || this.#isSilent(name)) this.#adopt(name, runners);
    }
    for (const name of adopted) this.#adoptLate(name, runnersOf(name));
  }

  /** A GitHub in trouble is left alone; the next look is soon enough. */
  #mustWait(): boolean {
    const { store, ports } = this.#context;
    const subjects = store.installations().map((each) => installationSubject(each.installationId));
    const now = ports.clock.now();
    return store.holds
      .live()
      .some(({ subject, until }) => subjects.includes(subject) && until > now);
  }

  /** Of what the store knows only a directory may be left over. */
  async #listUnknown(): Promise<readonly string[]> {
    const { store, ports } = this.#context;
    const unknown: string[] = [];
    for (const name of await ports.handoff.list()) {
      const known = store.allocations.get(name);
      if (!known) unknown.push(name);
      else await closeHandoff(this.#context, name);
    }
    return unknown;
  }

  #adoptedLately(): readonly string[] {
    const { store, ports } = this.#context;
    const since = ports.clock.now() - this.#lostMint - 2 * LOOK_FOR_LEFTOVERS_EVERY;
    this.#adopted ??= new Map(
      store.allocations
        .newest("intended_at", MOST_REMEMBERED)
        .filter(({ lane }) => lane.key === UNKNOWN_LANE.key)
        .map(({ name, intendedAt }) => [name, intendedAt]),
    );
    for (const [name, at] of this.#adopted) if (at < since) this.#adopted.delete(name);
    return [...this.#adopted.keys()];
  }

  /** Has no runner been listed for long enough? Never on one listing, which may have missed one. */
  #isSilent(name: string): boolean {
    const now = this.#context.ports.clock.now();
    const since = this.#since.get(name);
    if (since === undefined) this.#since.set(name, now);
    return since !== undefined && now - since >= this.#lostMint;
  }

  #adopt(name: string, runners: readonly RegisteredRunner[]): void {
    const { store, ports, log } = this.#context;
    const now = ports.clock.now();
    // It may have become known while GitHub was asked.
    if (store.allocations.get(name)) return;
    log.warn(
      { allocation: name, runners: runners.length },
      "Found an allocation of ours that the store does not know",
    );
    this.#since.delete(name);
    this.#adopted?.set(name, now);
    // Of several, one may be at work: the others are from mints whose answers were lost.
    const current = runners.find(({ busy }) => busy) ?? runners.at(-1);
    store.transaction(() => {
      store.saveAllocation(adoptAllocation(name, current !== undefined, now));
      for (const each of runners) {
        store.saveRunner(adoptRunner({ ...each, allocation: name }, each === current, now));
      }
    });
  }

  /** GitHub made it after all. It was never delivered, and the plan deletes it. */
  #adoptLate(allocation: string, runners: readonly RegisteredRunner[]): void {
    const { store, ports } = this.#context;
    for (const each of runners) {
      if (store.runners.get(each.name)) continue;
      store.saveRunner(adoptRunner({ ...each, allocation }, false, ports.clock.now()));
    }
  }
}
