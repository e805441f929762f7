import { HOUR, MINUTE, SECOND } from "../../src/domain/time.ts";
import { CHECKS } from "./checks/all.ts";
import { INVARIANTS, type Invariant, type Look, type System } from "./checks/check.ts";
import { SimulatedClock } from "./clock.ts";
import { FileDisk, MemoryDisk, type Disk } from "./disk.ts";
import { Faults, type Fault } from "./faults.ts";
import { Instance, type Breakage } from "./instance.ts";
import { Events } from "./models/events.ts";
import { GitHubModel } from "./models/github.ts";
import { HandoffModel } from "./models/handoff.ts";
import { NodeModel } from "./models/node.ts";
import { PbsModel } from "./models/pbs.ts";
import { FAULTS_END, type Scenario } from "./scenario.ts";
import { CACHE_AGE, CEILING, CEILINGS } from "./site.ts";
import type { Sighting, Surroundings } from "./world.ts";

const EPOCH = Date.parse("2026-01-01T00:00:00Z");
/** After the faults have ended, all must be done within this. */
const PEACE = 14 * HOUR;
const DOWN_AFTER_CRASH = 30 * SECOND;
const SHUTDOWN_DEADLINE = 30 * SECOND;

export interface Violation {
  readonly invariant: Invariant;
  readonly message: string;
}

export interface Outcome {
  /** `null` if every invariant held. */
  readonly violation: Violation | null;
  /** What happened, a line each. */
  readonly history: readonly string[];
  /** How often each fault struck. */
  readonly struck: ReadonlyMap<Fault, number>;
}

export interface SimulationOptions {
  readonly breakage?: Breakage;
  /** Checked; all by default. */
  readonly invariants?: readonly Invariant[];
}

/** One history of the whole system, which follows from its scenario. */
export async function simulate(
  scenario: Scenario,
  options: SimulationOptions = {},
): Promise<Outcome> {
  const simulation = new Simulation(scenario, options);
  try {
    await simulation.run();
  } finally {
    simulation.end();
  }
  return simulation.outcome();
}

class Simulation {
  readonly #scenario: Scenario;
  readonly #breakage: Breakage;
  readonly #checks: readonly (readonly [Invariant, Look])[];
  readonly #told: { readonly at: number; readonly text: string }[] = [];
  readonly #clock = new SimulatedClock(EPOCH);
  readonly #faults: Faults;
  readonly #surroundings: Surroundings;
  readonly #github: GitHubModel;
  readonly #pbs: PbsModel;
  readonly #handoff: HandoffModel;
  readonly #disk: Disk;
  #violation: Violation | null = null;
  #instance: Instance | null = null;
  #full = false;
  #lives = 0;
  #storeLostAt: number | null = null;

  constructor(scenario: Scenario, { breakage = {}, invariants = INVARIANTS }: SimulationOptions) {
    this.#scenario = scenario;
    this.#breakage = breakage;
    this.#checks = invariants.map((name) => [name, CHECKS[name]()] as const);
    this.#faults = new Faults(scenario, () => this.#clock.now() - EPOCH);
    const surroundings: Surroundings = {
      scenario,
      clock: this.#clock,
      faults: this.#faults,
      epoch: EPOCH,
      tell: (text) => this.#tell(text),
      see: (sighting) => this.#see(sighting),
    };
    this.#surroundings = surroundings;
    const events = new Events(surroundings, (delivery) => {
      if (this.#full) this.#faults.note("store-full");
      return this.#instance?.accept(delivery) ?? Promise.reject(new Error("connection refused"));
    });
    this.#github = new GitHubModel(surroundings, events);
    this.#github.intendedJobOf = (runner) =>
      this.#instance?.store.runners.get(runner)?.intendedJobId ?? null;
    this.#handoff = new HandoffModel(surroundings);
    this.#handoff.onMessage = () => this.#instance?.wake();
    const node: NodeModel = new NodeModel(
      surroundings,
      this.#github,
      this.#handoff,
      () => this.#pbs,
    );
    this.#pbs = new PbsModel(surroundings, { cacheAge: CACHE_AGE }, (allocation) =>
      node.start(allocation),
    );
    const twice = scenario.disturbances.some(({ fault }) => fault === "second-instance");
    this.#disk = scenario.onDisk || twice ? new FileDisk() : new MemoryDisk();
  }

  async run(): Promise<void> {
    for (const each of this.#scenario.disturbances) this.#plan(each);
    this.#begin();
    const isOver = (): boolean => this.#violation !== null;
    await this.#clock.runUntil(EPOCH + FAULTS_END, isOver);
    const deadline = EPOCH + FAULTS_END + PEACE;
    while (!isOver() && this.#clock.now() < deadline && !this.#isQuiet()) {
      await this.#clock.runUntil(this.#clock.now() + 10 * MINUTE, isOver);
    }
    if (!isOver()) this.#see({ kind: "end" });
  }

  end(): void {
    this.#kill();
    this.#disk.remove();
  }

  outcome(): Outcome {
    const history = this.#told.map(({ at, text }) => {
      const seconds = Math.round((at - EPOCH) / SECOND);
      return `${new Date(seconds * SECOND).toISOString().slice(11, 19)} ${text}`;
    });
    return { violation: this.#violation, history, struck: this.#faults.struck };
  }

  // --- the program -----------------------------------------------------------------------------

  #begin(): void {
    if (this.#instance !== null) return;
    this.#lives += 1;
    const instance = new Instance({
      surroundings: this.#surroundings,
      store: this.#disk.open(this.#clock.now()),
      github: this.#github,
      pbs: this.#pbs,
      handoff: this.#handoff,
      breakage: this.#breakage,
      ordinal: this.#lives,
      crash: (where) => this.#crash(where),
    });
    this.#instance = instance;
    if (this.#lives > 1) this.#breakage.forgets?.(instance.store);
    this.#see({ kind: "start" });
    instance.run().catch((error: unknown) => {
      if (this.#instance === instance) this.#see({ kind: "collapse", error });
    });
  }

  #kill(): void {
    const instance = this.#instance;
    if (!instance) return;
    this.#instance = null;
    instance.kill();
    this.#disk.drop(instance.store);
  }

  #crash(where: string): void {
    if (this.#instance === null) return;
    this.#tell(`the program crashes ${where}`);
    this.#kill();
    this.#clock.after(DOWN_AFTER_CRASH, () => this.#begin());
  }

  // --- incidents -------------------------------------------------------------------------------

  /** What happens to the whole program at a moment, and is not asked for anywhere. */
  #plan({ fault, from, to }: Scenario["disturbances"][number]): void {
    const at = (time: number, run: () => void): void => void this.#clock.at(EPOCH + time, run);
    if (fault === "store-full") {
      at(from, () => this.#fill(true));
      at(to, () => this.#fill(false));
    }
    if (fault === "store-lost") at(from, () => this.#lose());
    if (fault === "shutdown") at(from, () => void this.#shutDown());
    if (fault === "second-instance") at(from, () => this.#startAnother());
  }

  #fill(full: boolean): void {
    this.#tell(full ? "the disk is full" : "the disk has room again");
    this.#full = full && this.#disk instanceof MemoryDisk;
    this.#disk.fill(full);
  }

  #lose(): void {
    this.#faults.note("store-lost");
    this.#crash("and its store is lost");
    this.#disk.lose();
    if (this.#full) this.#disk.fill(true);
    this.#storeLostAt = this.#clock.now();
  }

  async #shutDown(): Promise<void> {
    const instance = this.#instance;
    if (!instance) return;
    this.#faults.note("shutdown");
    this.#tell("the program is told to stop");
    await instance.shutDown(SHUTDOWN_DEADLINE);
    // It may have crashed meanwhile.
    if (this.#instance !== instance) return;
    this.#tell("the program has stopped");
    this.#kill();
    this.#clock.after(MINUTE, () => this.#begin());
  }

  #startAnother(): void {
    if (this.#instance === null) return;
    this.#faults.note("second-instance");
    if (this.#disk.letsInAnother(this.#clock.now())) this.#see({ kind: "second store" });
  }

  // --- the invariants --------------------------------------------------------------------------

  #isQuiet(): boolean {
    const { store } = this.#instance ?? {};
    if (!store) return false;
    const jobs = [...this.#github.jobs.values()];
    return (
      jobs.length >= this.#scenario.jobs.length &&
      // One that nobody told the program of yet is still to be found.
      jobs.every(({ id, status }) => status === "completed" || store.jobs.get(id) !== null) &&
      this.#github.runners.size === 0 &&
      this.#pbs.live().length === 0 &&
      this.#handoff.directories.size === 0 &&
      store.jobs.live().length === 0 &&
      store.allocations.live().length === 0 &&
      store.runners.live().length === 0
    );
  }

  #see(sighting: Sighting): void {
    if (this.#violation !== null) return;
    const system: System = {
      scenario: this.#scenario,
      clock: this.#clock,
      epoch: EPOCH,
      github: this.#github,
      pbs: this.#pbs,
      handoff: this.#handoff,
      store: this.#instance?.store ?? null,
      lives: this.#lives,
      storeLostAt: this.#storeLostAt,
      ceilings: CEILINGS,
      ceiling: CEILING,
    };
    for (const [invariant, look] of this.#checks) {
      const message = look(sighting, system);
      if (message === null) continue;
      this.#violation = { invariant, message };
      this.#instance?.kill();
      this.#tell(`VIOLATION of ${invariant}: ${message}`);
      return;
    }
  }

  #tell(text: string): void {
    this.#told.push({ at: this.#clock.now(), text });
  }
}
