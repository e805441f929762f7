import { createDescribe } from "../../src/runner/submission.ts";
import { patienceFor } from "../../src/domain/patience.ts";
import { MINUTE, SECOND } from "../../src/domain/time.ts";
import type { Rules } from "../../src/domain/world.ts";
import { hearJobNews } from "../../src/intake/hear.ts";
import { createIntake, type Delivery, type Intake } from "../../src/intake/intake.ts";
import { createLogger } from "../../src/log/logger.ts";
import type { Ports } from "../../src/reconciler/ports.ts";
import { Reconciler } from "../../src/reconciler/reconciler.ts";
import type { Store } from "../../src/store/store.ts";
import { SCOPE } from "./models/events.ts";
import type { GitHubModel } from "./models/github.ts";
import type { HandoffModel } from "./models/handoff.ts";
import type { PbsModel } from "./models/pbs.ts";
import { randomFrom } from "./random.ts";
import { CACHE_AGE, siteOf } from "./site.ts";
import type { Surroundings } from "./world.ts";

/** A program that is wrong on purpose, to see that it is noticed. */
export interface Breakage {
  readonly ports?: (ports: Ports, surroundings: Surroundings, store: Store) => Ports;
  readonly rules?: (rules: Rules) => Rules;
  readonly intake?: (intake: Intake) => Intake;
  /** Instead of the program's own. */
  readonly statusInterval?: number;
  /** Of what the disk keeps, this is gone after a crash. */
  readonly forgets?: (store: Store) => void;
}

export interface InstanceOptions {
  readonly surroundings: Surroundings;
  readonly store: Store;
  readonly github: GitHubModel;
  readonly pbs: PbsModel;
  readonly handoff: HandoffModel;
  readonly breakage: Breakage;
  /** Which life of the program it is. */
  readonly ordinal: number;
  /** A fault ends it in the middle of something. */
  readonly crash: (where: string) => void;
}

const LOGS = { logs: "/shared/logs", diagnostics: "/shared/diagnostics" };
const NEVER = new Promise<never>(() => undefined);

/** One life of the program, from a start to a crash: the real plan, reconciler, intake and store among models. */
export class Instance {
  readonly store: Store;
  readonly #options: InstanceOptions;
  readonly #intake: Intake;
  readonly #reconciler: Reconciler;
  readonly #stop = new AbortController();
  /** Nothing it began is ever answered any more, and nothing more is done. */
  #dead = false;

  constructor(options: InstanceOptions) {
    const { surroundings, store, breakage } = options;
    this.#options = options;
    this.store = store;
    const { pools, limits, pbs } = siteOf(surroundings.scenario);
    const log = createLogger({
      format: "json",
      destination: { write: (text) => surroundings.see({ kind: "line", text }) },
    });
    const intake = createIntake({
      store,
      pools,
      now: () => surroundings.clock.now(),
      wake: () => this.#reconciler.wake(),
      log,
    });
    const rules = {
      pools,
      limits,
      patience: patienceFor(pbs.statusIntervalMs, CACHE_AGE),
      mostInArray: surroundings.scenario.mostInArray,
    };
    this.#intake = breakage.intake?.(intake) ?? intake;
    this.#reconciler = new Reconciler({
      store,
      ports: breakage.ports?.(this.#ports(), surroundings, store) ?? this.#ports(),
      rules: breakage.rules?.(rules) ?? rules,
      statusInterval: breakage.statusInterval ?? pbs.statusIntervalMs,
      log,
    });
  }

  /** Rejects if the loop ends by itself. */
  async run(): Promise<void> {
    await this.#reconciler.run(this.#stop.signal);
    if (!this.#stop.signal.aborted) throw new Error("it returned");
  }

  wake(): void {
    this.#reconciler.wake();
  }

  accept(delivery: Delivery): Promise<void> {
    if (this.#stop.signal.aborted) return Promise.reject(new Error("connection refused"));
    this.#options.surroundings.clock.expectImmediate();
    return this.#intake.accept(delivery);
  }

  kill(): void {
    this.#dead = true;
  }

  /** As SIGTERM does. Resolves when what was begun is done, or it has taken too long. */
  async shutDown(deadline: number): Promise<void> {
    this.#stop.abort();
    const { clock } = this.#options.surroundings;
    await Promise.race([this.#reconciler.settle(), clock.sleep(deadline)]);
  }

  #ports(): Ports {
    const { surroundings, github, pbs, handoff, ordinal } = this.#options;
    const { scenario, clock } = surroundings;
    return {
      pbs: this.#mortal(pbs, "pbs"),
      github: this.#mortal(github, "github"),
      handoff: this.#mortal(handoff, "handoff"),
      clock: { now: () => clock.now(), wait: (ms, signal) => this.#wait(ms, signal) },
      random: randomFrom(scenario.seed, `life ${ordinal}`),
      describe: createDescribe(siteOf(scenario), LOGS),
      recover: () => this.#step("recover", () => this.#recover()),
      tidy: () => Promise.resolve(),
      refresh: () => Promise.resolve(false),
    };
  }

  async #recover(): Promise<void> {
    try {
      this.store.saveInstallations([SCOPE]);
      await this.#options.github.recover((news) => {
        if (this.#dead) throw new Error("killed");
        this.store.transaction(() => void hearJobNews(this.store, news));
      });
    } catch {
      // As the real one: it is logged, and tried again next time.
    }
  }

  #mortal<T extends object>(port: T, name: string): T {
    return new Proxy(port, {
      get: (target, method) => {
        const member: unknown = Reflect.get(target, method, target);
        if (typeof member !== "function") return member;
        return (...args: unknown[]): Promise<unknown> =>
          this.#step(`${name}.${String(method)}`, () => {
            return Reflect.apply(member, target, args) as Promise<unknown>;
          });
      },
    });
  }

  /** One side effect, and a crash before or after it if the faults say so. */
  async #step<T>(what: string, work: () => Promise<T>): Promise<T> {
    if (this.#dead) return NEVER;
    const { faults } = this.#options.surroundings;
    // The inbox is looked at every second: a crash there is a crash anywhere.
    const mayCrash = what !== "handoff.receive";
    if (mayCrash && faults.strikes("crash-before", what)) {
      this.#options.crash(`before ${what}`);
      return NEVER;
    }
    try {
      const result = await work();
      if (this.#dead) return await NEVER;
      if (mayCrash && faults.strikes("crash-after", what)) {
        this.#options.crash(`after ${what}`);
        return await NEVER;
      }
      return result;
    } catch (error) {
      if (this.#dead) return NEVER;
      throw error;
    }
  }

  /**
   * The loop's pause. While nothing can have happened it is made longer: to the next event of any model, and at most to
   * the next question to PBS, or to the next look for what no event told. A tick in between would see nothing new.
   */
  async #wait(ms: number, signal: AbortSignal): Promise<void> {
    if (this.#dead) return NEVER;
    const { clock, scenario, see } = this.#options.surroundings;
    see({ kind: "pause" });
    if (this.#dead) return NEVER;
    const now = clock.now();
    const { jobs, allocations, runners } = this.store;
    const idle = [jobs, allocations, runners].every((table) => table.live().length === 0);
    const most = now + (idle ? 5 * MINUTE : scenario.statusInterval);
    // A short one is a rest between two ticks, and no pause.
    const until = ms < SECOND ? now + ms : Math.max(now + ms, Math.min(clock.next(), most));
    await new Promise<void>((resolve) => {
      const woken = (): void => {
        cancel();
        resolve();
      };
      const cancel = clock.at(until, () => {
        signal.removeEventListener("abort", woken);
        resolve();
      });
      signal.addEventListener("abort", woken, { once: true });
    });
    return this.#dead ? NEVER : undefined;
  }
}
