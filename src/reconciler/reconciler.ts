import type { Logger } from "pino";
import { keysOf, type Action } from "../domain/action.ts";
import { groupBy } from "../domain/group.ts";
import { plan } from "../domain/plan/plan.ts";
import { HOUR, MINUTE, SECOND, type EpochMs } from "../domain/time.ts";
import type { Rules, World } from "../domain/world.ts";
import type { Received } from "../handoff/handoff.ts";
import type { Store } from "../store/store.ts";
import { createAct, type Act } from "./act.ts";
import { probeAllocations } from "./holds.ts";
import { CoolDown } from "./cool-down.ts";
import { ArrayLimits } from "./array-limits.ts";
import { serverOf } from "../pbs/job-id.ts";
import { hearMessage, seePbsJob } from "./observe.ts";
import { Chores, type Chore } from "./chores.ts";
import { Leftovers, LOOK_FOR_LEFTOVERS_EVERY } from "./leftovers.ts";
import type { Ports } from "./ports.ts";

export interface ReconcilerOptions {
  readonly store: Store;
  readonly ports: Ports;
  readonly rules: Rules;
  /** Milliseconds between two observations of PBS, and at most between two plans. */
  readonly statusInterval: number;
  readonly log: Logger;
}

/** While allocations live, the inbox is listed this often: a started allocation should not wait for us. */
const INBOX_EVERY = SECOND;
/** With nothing to look after, only a wake-up matters; this is the net below it. */
const IDLE_EVERY = 30 * SECOND;
/**
 * After a tick the loop rests for so many times as long as it took, and not for longer than this: a flood of events is
 * planned for together, and planning takes a tenth of the time at most.
 */
const REST_TIMES = 9;
const LONGEST_REST = 100;
/** An action that failed in a way nobody foresaw (a full disk, say) is not repeated sooner, and later each time. */
const COOL_DOWN = 10 * SECOND;
const LONGEST_COOL_DOWN = 10 * MINUTE;
const PRUNE_EVERY = HOUR;
/** What no webhook told is looked for at the start and then this often. */
const RECOVER_EVERY = 5 * MINUTE;
const REFRESH_EVERY = HOUR;
/** After a start, PBS is not asked for allocations for jobs of before until it is known what became of them, or this. */
const CATCH_UP_WITHIN = MINUTE;
/** Why a pause ended. Without one, each wake-up would make an error with a stack. */
const WOKEN = "woken";

/**
 * Observe, plan, act: the only place that decides when anything happens. Actions and the question to PBS run beside the
 * loop, so that a slow GitHub or a hung PBS delays only what needs it.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #act: Act;
  readonly #arrayLimits = new ArrayLimits();
  /** Keys of the actions under way. */
  readonly #inFlight = new Set<string>();
  readonly #coolDown = new CoolDown(COOL_DOWN, LONGEST_COOL_DOWN);
  readonly #running = new Set<Promise<void>>();
  /** Ends the pause between two ticks. */
  #alarm = new AbortController();
  #pausing = false;
  #woken = true;
  #askedPbs = -Infinity;
  /** Servers of PBS that have not answered yet. */
  readonly #asking = new Set<string>();
  #planned = -Infinity;
  readonly #chores: Chores;
  /** When this instance began to listen; `null` once it knows what it had missed. */
  #deafUntil: EpochMs | null = null;
  #hasRecovered = false;

  constructor(options: ReconcilerOptions) {
    this.#options = options;
    this.#act = createAct(options, this.#arrayLimits);
    this.#chores = new Chores(this.#choresOf(options));
  }

  #choresOf(options: ReconcilerOptions): readonly Chore[] {
    const { store, ports, rules } = options;
    const leftovers = new Leftovers(options, rules.patience.lostMint);
    return [
      { key: "recover", every: RECOVER_EVERY, work: () => this.#recover() },
      { key: "leftovers", every: LOOK_FOR_LEFTOVERS_EVERY, work: () => leftovers.look() },
      // May take as long as a download does; nothing waits for it.
      { key: "refresh", every: REFRESH_EVERY, work: () => this.#refresh(false) },
      { key: "prune", every: PRUNE_EVERY, work: () => store.prune(ports.clock.now()) },
      { key: "tidy", every: PRUNE_EVERY, work: () => ports.tidy() },
    ];
  }

  /** At the first time nothing is submitted for jobs of before until it is known what became of them. */
  async #recover(): Promise<void> {
    const { ports } = this.#options;
    if (!this.#hasRecovered) this.#deafUntil = ports.clock.now();
    this.#hasRecovered = true;
    await ports.recover();
    this.#deafUntil = null;
  }

  /** Something happened: plan without waiting. */
  wake(): void {
    this.#woken = true;
    this.#ring();
  }

  /**
   * Runs until `signal` is aborted. Rejects only if the store can no longer be used or is held by another instance:
   * without it nothing may be done.
   */
  async run(signal: AbortSignal): Promise<void> {
    const { clock } = this.#options.ports;
    const stop = (): void => this.#ring();
    signal.addEventListener("abort", stop);
    try {
      while (!signal.aborted) {
        const began = clock.now();
        await this.tick();
        const rest = Math.min(LONGEST_REST, REST_TIMES * (clock.now() - began));
        if (rest > 0) await clock.wait(rest, signal);
        if (this.#woken || signal.aborted) continue;
        this.#pausing = true;
        await clock.wait(this.#pace(), this.#alarm.signal);
        this.#pausing = false;
        if (this.#alarm.signal.aborted) this.#alarm = new AbortController();
      }
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  #ring(): void {
    if (this.#pausing) this.#alarm.abort(WOKEN);
  }

  /** Observes, and plans if there is anything new or enough time has passed. Resolves when the actions are started. */
  async tick(): Promise<void> {
    const { store, ports, statusInterval } = this.#options;
    const woken = this.#woken;
    this.#woken = false;
    const heard = await this.#hear();
    const now = ports.clock.now();
    store.renewLease(now);
    this.#askPbs(now);
    for (const { key, work } of this.#chores.take(now, this.#inFlight)) {
      this.#follow([key], async () => work());
    }
    if (!woken && !heard && now - this.#planned < statusInterval) return;
    this.#planned = now;
    for (const action of plan(this.#world(now), now)) this.#start(action);
  }

  /** Resolves when nothing is under way any more. */
  async settle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  #pace(): number {
    const { store, statusInterval } = this.#options;
    const busy = store.allocations.live().length > 0;
    if (busy) return Math.min(INBOX_EVERY, statusInterval);
    const waiting = store.jobs.live().length > 0 || store.runners.live().length > 0;
    return waiting ? Math.min(IDLE_EVERY, statusInterval) : IDLE_EVERY;
  }

  async #hear(): Promise<boolean> {
    const { store, ports, log } = this.#options;
    try {
      const received = await ports.handoff.receive();
      if (received.length === 0) return false;
      store.transaction(() => {
        for (const { message } of received) hearMessage(this.#options, message);
      });
      await ports.handoff.acknowledge(received);
      this.#heedRefusals(received);
      return true;
    } catch (error) {
      log.error({ err: error }, "Could not read the handoff's inbox");
      return false;
    }
  }

  /** GitHub no longer takes the runner that is installed: a newer one is looked for at once. */
  #heedRefusals(received: readonly Received[]): void {
    const refused = received.some(
      ({ message }) =>
        message.kind === "reports" && (message.updated || message.exit.cause === "deprecated"),
    );
    if (!refused || this.#inFlight.has("refresh")) return;
    this.#follow(["refresh"], () => this.#refresh(true));
  }

  async #refresh(refused: boolean): Promise<void> {
    if (await this.#options.ports.refresh(refused)) probeAllocations(this.#options);
  }

  /** One question to each server about all jobs that live there. One that does not answer delays no other. */
  #askPbs(now: EpochMs): void {
    if (now - this.#askedPbs < this.#options.statusInterval) return;
    const ids = this.#options.store.allocations.live().flatMap((each) => each.pbsJobId ?? []);
    for (const [server, theirs] of groupBy(ids, serverOf)) {
      if (this.#asking.has(server)) continue;
      this.#askedPbs = now;
      this.#askServer(server, theirs);
    }
  }

  #askServer(server: string, ids: readonly string[]): void {
    const { store, ports, log } = this.#options;
    this.#asking.add(server);
    this.#follow([`status:${server}`], async () => {
      const outcome = await ports.pbs.status(ids);
      this.#asking.delete(server);
      if (outcome.kind !== "answered") {
        log.warn({ server, reason: outcome.reason }, "Could not ask PBS");
        return;
      }
      const at = ports.clock.now();
      store.transaction(() => {
        for (const allocation of store.allocations.live()) {
          const job =
            allocation.pbsJobId === null ? undefined : outcome.jobs.get(allocation.pbsJobId);
          if (job !== undefined) seePbsJob(store, allocation, job, at);
        }
      });
    });
  }

  #world(now: EpochMs): World {
    const { store, rules, ports } = this.#options;
    if (this.#deafUntil !== null && now - this.#deafUntil >= CATCH_UP_WITHIN)
      this.#deafUntil = null;
    return {
      ...rules,
      jobs: store.jobs.live(),
      allocations: store.allocations.live(),
      runners: store.runners.live(),
      holds: store.holds.live(),
      scopes: store.installations(),
      arrayLimits: this.#arrayLimits.at(now),
      inFlight: new Set([...this.#inFlight, ...this.#coolDown.keys(now)]),
      deafUntil: this.#deafUntil ?? 0,
      nonce: Math.floor(ports.random() * 36 ** 8)
        .toString(36)
        .padStart(8, "0"),
    };
  }

  #start(action: Action): void {
    this.#follow(keysOf(action), () => this.#act(action));
  }

  /** Runs beside the loop and wakes it when done. */
  #follow(keys: readonly string[], work: () => Promise<void>): void {
    const { log, ports } = this.#options;
    for (const key of keys) this.#inFlight.add(key);
    const running = work()
      .then(() => this.#coolDown.succeeded(keys))
      .catch((error: unknown) => {
        log.error({ err: error, keys }, "An action failed unexpectedly");
        this.#coolDown.failed(keys, ports.clock.now(), ports.random());
      })
      .finally(() => {
        for (const key of keys) this.#inFlight.delete(key);
        this.#running.delete(running);
        this.wake();
      });
    this.#running.add(running);
  }
}
