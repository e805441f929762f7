import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { patienceFor } from "../../src/domain/patience.ts";
import type { Pool } from "../../src/domain/pool.ts";
import { HOUR, MINUTE, SECOND } from "../../src/domain/time.ts";
import { createIntake, type Intake } from "../../src/intake/intake.ts";
import { hearJobNews } from "../../src/intake/hear.ts";
import type { Ports } from "../../src/reconciler/ports.ts";
import { Reconciler } from "../../src/reconciler/reconciler.ts";
import { StoreError } from "../../src/store/errors.ts";
import { Store } from "../../src/store/store.ts";
import { limitsWith, poolWith } from "../helpers/pool.ts";
import { SimulatedClock } from "./clock.ts";
import { GitHubModel } from "./github-model.ts";
import { HandoffModel, NodeModel } from "./node-model.ts";
import { PbsModel } from "./pbs-model.ts";
import { randomFrom } from "./random.ts";
import { Faults, FAULTS_END, type Scenario } from "./scenario.ts";
import { Violation, type Surroundings } from "./world.ts";

const EPOCH = Date.parse("2026-01-01T00:00:00Z");
const STATUS_INTERVAL = 15 * SECOND;
/** As NCAR's, at its worst. */
const CACHE_AGE = 5 * MINUTE;
/** After the faults have ended, all must be done within this. */
const PEACE = 14 * HOUR;
const LIMIT = 6;
const CEILINGS = { small: 4, large: 2 };
/** Two clusters: one is reached through another server. */
const QUEUES = { small: "small", large: "large@far" };

const silent = pino({ level: "silent" });

export interface Outcome {
  /** `null` if every invariant held. */
  readonly violation: Violation | null;
  /** What happened, a line each. */
  readonly history: readonly string[];
}

/** One history of the whole system, from its scenario: the real plan, reconciler, intake and store among models. */
export async function simulate(scenario: Scenario): Promise<Outcome> {
  const directory = mkdtempSync(join(existsSync("/dev/shm") ? "/dev/shm" : tmpdir(), "hpc-sim-"));
  const simulation = new Simulation(scenario, directory);
  try {
    await simulation.run();
  } finally {
    simulation.end();
    rmSync(directory, { recursive: true, force: true });
  }
  return { violation: simulation.violation, history: simulation.history };
}

/** One life of the program, from a start to a crash. */
interface Life {
  readonly store: Store;
  readonly intake: Intake;
  readonly reconciler: Reconciler;
  readonly stop: AbortController;
  dead: boolean;
}

class Simulation {
  readonly history: string[] = [];
  violation: Violation | null = null;
  readonly #scenario: Scenario;
  readonly #directory: string;
  readonly #clock = new SimulatedClock(EPOCH);
  readonly #faults: Faults;
  readonly #github: GitHubModel;
  readonly #pbs: PbsModel;
  readonly #handoff: HandoffModel;
  #life: Life | null = null;
  #lives = 0;

  constructor(scenario: Scenario, directory: string) {
    this.#scenario = scenario;
    this.#directory = directory;
    this.#faults = new Faults(scenario, () => this.#clock.now() - EPOCH);
    const surroundings: Surroundings = {
      scenario,
      clock: this.#clock,
      faults: this.#faults,
      epoch: EPOCH,
      tell: (text) => this.#tell(text),
      violate: (invariant, message) => this.#violate(invariant, message),
    };
    this.#github = new GitHubModel(surroundings, (delivery) => {
      const { intake } = this.#life ?? {};
      return intake ? intake.accept(delivery) : Promise.reject(new Error("connection refused"));
    });
    this.#handoff = new HandoffModel(surroundings);
    const node: NodeModel = new NodeModel(
      surroundings,
      this.#github,
      this.#handoff,
      () => this.#pbs,
    );
    const ceilings = { [QUEUES.small]: CEILINGS.small, [QUEUES.large]: CEILINGS.large };
    const rules = { ceilings, ceiling: LIMIT, cacheAge: CACHE_AGE };
    this.#pbs = new PbsModel(surroundings, rules, (allocation) => node.start(allocation));
    this.#handoff.onMessage = () => this.#life?.reconciler.wake();
    this.#handoff.checkDelivery = (allocation, jit) => this.#checkDelivery(allocation, jit);
    this.#handoff.checkClosing = (allocation) => this.#checkClosing(allocation);
  }

  async run(): Promise<void> {
    this.#begin();
    const isOver = (): boolean => this.violation !== null;
    await this.#clock.runUntil(EPOCH + FAULTS_END, isOver);
    const deadline = EPOCH + FAULTS_END + PEACE;
    while (!isOver() && this.#clock.now() < deadline && !this.#isQuiet()) {
      await this.#clock.runUntil(this.#clock.now() + 10 * MINUTE, isOver);
    }
    if (!isOver()) this.#checkEnd();
  }

  end(): void {
    this.#kill();
  }

  // --- the program -----------------------------------------------------------------------------

  #begin(): void {
    this.#lives += 1;
    const store = Store.open(this.#directory, this.#clock.now());
    this.#checkSecondInstance();
    const pools = poolsOf(this.#scenario);
    const stop = new AbortController();
    const ports = this.#ports();
    const intake = createIntake({
      store,
      pools,
      now: () => this.#clock.now(),
      wake: () => life.reconciler.wake(),
      log: silent,
    });
    const reconciler = new Reconciler({
      store,
      ports,
      rules: {
        pools,
        limits: limitsWith({ maxAllocations: LIMIT }),
        patience: patienceFor(STATUS_INTERVAL, CACHE_AGE),
        mostInArray: this.#scenario.mostInArray,
      },
      statusInterval: STATUS_INTERVAL,
      log: silent,
    });
    const life: Life = { store, intake, reconciler, stop, dead: false };
    this.#life = life;
    reconciler.run(stop.signal).catch((error: unknown) => {
      if (!life.dead) this.#violate("no crash of its own", String(error));
    });
  }

  #kill(): void {
    const life = this.#life;
    if (!life) return;
    this.#life = null;
    life.dead = true;
    // What is committed stays; what is only in memory is lost, as in a kill -9.
    life.store.close();
  }

  #crash(where: string): void {
    if (this.#life === null) return;
    this.#tell(`the program crashes ${where}`);
    this.#kill();
    this.#clock.after(30 * SECOND, () => this.#begin());
  }

  /** The ports of one life: after its death nothing it began is ever answered, and nothing more is done. */
  #ports(): Ports {
    const born = this.#lives;
    const isDead = (): boolean => this.#lives !== born || this.#life === null;
    const mortal = <T extends object>(port: T, name: string): T =>
      new Proxy(port, {
        get: (target, method) => {
          const member: unknown = Reflect.get(target, method, target);
          if (typeof member !== "function") return member;
          return (...args: unknown[]): Promise<unknown> =>
            this.#step(isDead, `${name}.${String(method)}`, () => {
              return Reflect.apply(member, target, args) as Promise<unknown>;
            });
        },
      });
    const random = randomFrom(this.#scenario.seed, `life ${born}`);
    return {
      pbs: mortal(this.#pbs, "pbs"),
      github: mortal(this.#github, "github"),
      handoff: mortal(this.#handoff, "handoff"),
      clock: {
        now: () => this.#clock.now(),
        wait: (ms, signal) => this.#wait(ms, signal, isDead),
      },
      random,
      describe: ({ name, lane: { request }, handoffs }) => ({
        name,
        members: handoffs.length,
        queue: request.queue,
        account: null,
        select: request.select,
        place: null,
        walltimeSeconds: request.allocationSeconds,
        priority: null,
        resources: [],
        logDirectory: "/logs",
        script: "",
      }),
      tidy: () => Promise.resolve(),
      recover: () =>
        this.#step(isDead, "recover", () =>
          this.#github.recover((news) => {
            const { store } = this.#life ?? {};
            if (store) store.transaction(() => void hearJobNews(store, news));
          }),
        ),
      refresh: () => Promise.resolve(),
    };
  }

  /** One side effect of one life, and a crash before or after it if the faults say so. */
  async #step<T>(isDead: () => boolean, what: string, work: () => Promise<T>): Promise<T> {
    const never = new Promise<never>(() => undefined);
    if (isDead()) return never;
    // The inbox is looked at every second: a crash there is a crash anywhere.
    const mayCrash = what !== "handoff.receive";
    if (mayCrash && this.#faults.strikes("crash-before", what)) {
      this.#crash(`before ${what}`);
      return never;
    }
    try {
      const result = await work();
      if (isDead()) return await never;
      if (mayCrash && this.#faults.strikes("crash-after", what)) {
        this.#crash(`after ${what}`);
        return await never;
      }
      return result;
    } catch (error) {
      if (isDead()) return never;
      throw error;
    }
  }

  /**
   * The loop's pause. While nothing can have happened it is made longer: to the next event of any model, and at most to
   * the next question to PBS. A tick in between would see nothing new.
   */
  async #wait(ms: number, signal: AbortSignal, isDead: () => boolean): Promise<void> {
    if (isDead()) return new Promise(() => undefined);
    const now = this.#clock.now();
    const next = Math.min(this.#clock.next(), now + STATUS_INTERVAL);
    await new Promise<void>((resolve) => {
      const cancel = this.#clock.at(Math.max(now + ms, next), end);
      signal.addEventListener("abort", end);
      function end(): void {
        cancel();
        signal.removeEventListener("abort", end);
        resolve();
      }
    });
    if (isDead()) await new Promise(() => undefined);
  }

  // --- the invariants --------------------------------------------------------------------------

  #isQuiet(): boolean {
    const jobs = [...this.#github.jobs.values()];
    return (
      jobs.length === this.#scenario.jobs.length &&
      this.#github.runners.size === 0 &&
      this.#pbs.live().length === 0 &&
      this.#handoff.directories.size === 0 &&
      (this.#life?.store.jobs.live().length ?? 1) === 0 &&
      (this.#life?.store.allocations.live().length ?? 1) === 0 &&
      (this.#life?.store.runners.live().length ?? 1) === 0
    );
  }

  #checkEnd(): void {
    const { store } = this.#life ?? {};
    if (!store) return this.#violate("no crash of its own", "the program does not run at the end");
    for (const job of this.#github.jobs.values()) {
      const believed = store.jobs.get(job.id);
      const refused = believed !== null && believed.refusal !== null;
      if (job.status !== "completed" && !refused) {
        this.#violate("1 served or refused", `job ${job.id} is ${job.status}`);
      }
      if (believed && believed.status !== job.status && !refused) {
        this.#violate(
          "5 the same end",
          `job ${job.id} is ${job.status} and believed ${believed.status}`,
        );
      }
    }
    const runners = [...this.#github.runners.keys()];
    if (runners.length > 0) this.#violate("3 nothing left", `runners ${runners.join(", ")}`);
    const allocations = this.#pbs.live().map(({ id }) => id);
    if (allocations.length > 0)
      this.#violate("3 nothing left", `PBS jobs ${allocations.join(", ")}`);
    const handoffs = [...this.#handoff.directories.keys()];
    if (handoffs.length > 0) this.#violate("3 nothing left", `handoffs ${handoffs.join(", ")}`);
    const ticks = (this.#clock.now() - EPOCH) / STATUS_INTERVAL + this.#lives;
    for (const [server, calls] of this.#pbs.statusCalls) {
      if (calls <= ticks + 1) continue;
      this.#violate("7 one observation a tick", `${calls} of ${server} in ${ticks}`);
    }
    // A handful for each job and each start; a mint that was not answered is asked about for a quarter of an hour.
    const { mints } = this.#github;
    const most = 40 + 20 * this.#scenario.jobs.length + 20 * this.#lives + 16 * mints;
    if (this.#github.calls > most) {
      this.#violate("7 one observation a tick", `${this.#github.calls} calls of GitHub`);
    }
  }

  #checkDelivery(allocation: string, jit: string): void {
    const submitted = [...this.#pbs.allocations.values()].find((each) => each.name === allocation);
    const runner = this.#github.runners.get(jit.slice("JIT:".length));
    // Removed by GitHub in the meantime: then it is of no lane any more.
    if (!submitted || !runner) return;
    const [queue = ""] = (submitted.submission.queue ?? "").split("@");
    if (!runner.labels.includes(queue)) {
      this.#violate("4 only to its own lane", `${runner.name} to an allocation of ${queue}`);
    }
  }

  #checkClosing(allocation: string): void {
    const live = this.#pbs.live().find((each) => each.name === allocation);
    if (live) this.#violate("8 missing is not gone", `${live.id} lives and was declared dead`);
  }

  #checkSecondInstance(): void {
    try {
      Store.open(this.#directory, this.#clock.now()).close();
      this.#violate("one writer", "a second instance could open the store");
    } catch (error) {
      if (!(error instanceof StoreError) || error.trouble !== "held") throw error;
    }
  }

  #violate(invariant: string, message: string): void {
    this.violation ??= new Violation(invariant, message);
    this.#tell(`VIOLATION of ${invariant}: ${message}`);
  }

  #tell(text: string): void {
    const seconds = Math.round((this.#clock.now() - EPOCH) / SECOND);
    const clock = new Date(seconds * SECOND).toISOString().slice(11, 19);
    this.history.push(`${clock} ${text}`);
  }
}

function poolsOf({ reuse }: Scenario): readonly Pool[] {
  return (["small", "large"] as const).map((name) =>
    poolWith({
      name,
      queue: QUEUES[name],
      walltimeSeconds: 3_600,
      allocationSeconds: 7_200,
      maxAllocations: CEILINGS[name],
      reuse: reuse ? "lane" : "never",
    }),
  );
}
