import { pino } from "pino";
import { LARGEST_ARRAY } from "../../../src/domain/pbs-name.ts";
import { patienceFor } from "../../../src/domain/patience.ts";
import type { Pool } from "../../../src/domain/pool.ts";
import { HOUR, MINUTE, SECOND } from "../../../src/domain/time.ts";
import { createIntake } from "../../../src/intake/intake.ts";
import type { Ports } from "../../../src/reconciler/ports.ts";
import { Reconciler } from "../../../src/reconciler/reconciler.ts";
import { Store } from "../../../src/store/store.ts";
import { limitsWith, poolWith } from "../../../test/helpers/pool.ts";
import { SimulatedClock } from "../../../test/simulation/clock.ts";
import { Faults } from "../../../test/simulation/faults.ts";
import { Events } from "../../../test/simulation/models/events.ts";
import { GitHubModel } from "../../../test/simulation/models/github.ts";
import { HandoffModel } from "../../../test/simulation/models/handoff.ts";
import { NodeModel } from "../../../test/simulation/models/node.ts";
import { PbsModel } from "../../../test/simulation/models/pbs.ts";
import { randomFrom } from "../../../test/simulation/random.ts";
import type { Scenario, SimulatedJob } from "../../../test/simulation/scenario.ts";
import type { Surroundings } from "../../../test/simulation/world.ts";

const EPOCH = Date.parse("2026-01-01T09:00:00Z");
const STATUS_INTERVAL = 15 * SECOND;
const CACHE_AGE = MINUTE;
const QUEUE_WAIT = 5 * MINUTE;
const SLOTS = 16;
/** What PBS lets wait of ours: enough for the largest burst. */
const WAITING = 64;
const LONGEST = 24 * HOUR;

/** What a pool says about taking further jobs. */
export type Policy = Pick<Pool, "reuse" | "idleSeconds">;

export interface Day {
  /** Of each job, from queued to running, in minutes. */
  readonly waits: readonly number[];
  /** From each allocation's start to its end, one node each, summed up. */
  readonly nodeHours: number;
}

/**
 * One working day in virtual time: the real plan, reconciler, intake and store among the simulation's models, in which
 * nothing fails.
 */
export async function live(
  seed: number,
  jobs: readonly SimulatedJob[],
  policy: Policy,
): Promise<Day> {
  const clock = new SimulatedClock(EPOCH);
  const scenario: Scenario = {
    seed,
    jobs,
    disturbances: [],
    reuse: policy.reuse,
    eachRepository: Infinity,
    eachUser: Infinity,
    warm: 0,
    queueWait: QUEUE_WAIT,
    statusInterval: STATUS_INTERVAL,
    onDisk: false,
    mostInArray: LARGEST_ARRAY,
    slots: 1,
  };
  const surroundings: Surroundings = {
    scenario,
    clock,
    faults: new Faults(scenario, () => clock.now() - EPOCH),
    epoch: EPOCH,
    tell: () => undefined,
    see: () => undefined,
  };
  const store = Store.inMemory();
  const pool = poolWith({
    name: "small",
    queue: "small",
    walltimeSeconds: (10 * MINUTE) / SECOND,
    allocationSeconds: (8 * HOUR) / SECOND,
    maxAllocations: WAITING,
    maxWaiting: WAITING,
    ...policy,
  });
  const world = buildWorld(surroundings, store, pool);
  const stop = new AbortController();
  const running = world.reconciler.run(stop.signal);
  const isOver = (): boolean => isDone(world, store, jobs.length);
  await Promise.race([running, clock.runUntil(EPOCH + LONGEST, isOver)]);
  const done = isOver();
  stop.abort();
  store.close();
  if (!done) throw new Error(`A day of seed ${seed} did not end`);
  return dayOf(world);
}

interface World {
  readonly github: GitHubModel;
  readonly pbs: PbsModel;
  readonly reconciler: Reconciler;
}

function buildWorld(surroundings: Surroundings, store: Store, pool: Pool): World {
  const { clock, scenario } = surroundings;
  const log = pino({ level: "silent" });
  const intake = createIntake({
    store,
    pools: [pool],
    now: () => clock.now(),
    wake: () => reconciler.wake(),
    log,
  });
  const events = new Events(surroundings, (delivery) => {
    clock.expectImmediate();
    return intake.accept(delivery);
  });
  const github = new GitHubModel(surroundings, events);
  const handoff = new HandoffModel(surroundings);
  const node: NodeModel = new NodeModel(surroundings, github, handoff, () => pbs);
  const rules = { cacheAge: CACHE_AGE, queueWait: QUEUE_WAIT, slots: SLOTS };
  const pbs = new PbsModel(surroundings, rules, (allocation) => node.start(allocation));
  handoff.onMessage = () => reconciler.wake();
  const ports: Ports = {
    pbs,
    github,
    handoff,
    clock: { now: () => clock.now(), wait: (ms, signal) => pause(clock, ms, signal) },
    random: randomFrom(scenario.seed, "program"),
    describe: ({ name, lane, handoffs }) => ({
      name,
      members: handoffs.length,
      queue: lane.request.queue,
      account: null,
      select: lane.request.select,
      place: null,
      walltimeSeconds: lane.request.allocationSeconds,
      priority: null,
      resources: [],
      logDirectory: "/logs",
      script: "",
    }),
    recover: () => Promise.resolve(),
    tidy: () => Promise.resolve(),
    refresh: () => Promise.resolve(false),
  };
  const reconciler = new Reconciler({
    store,
    ports,
    rules: {
      pools: [pool],
      limits: limitsWith(),
      patience: patienceFor(STATUS_INTERVAL, CACHE_AGE),
      mostInArray: LARGEST_ARRAY,
    },
    statusInterval: STATUS_INTERVAL,
    log,
  });
  return { github, pbs, reconciler };
}

/** While nothing can have happened the loop's pause is made longer: a tick in between would see nothing new. */
async function pause(clock: SimulatedClock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const now = clock.now();
  const next = Math.min(clock.next(), now + STATUS_INTERVAL);
  await new Promise<void>((resolve) => {
    const cancel = clock.at(Math.max(now + ms, next), end);
    signal.addEventListener("abort", end);
    function end(): void {
      cancel();
      signal.removeEventListener("abort", end);
      resolve();
    }
  });
}

function isDone({ github, pbs }: World, store: Store, jobs: number): boolean {
  const all = [...github.jobs.values()];
  const over = all.length === jobs && all.every(({ status }) => status === "completed");
  return over && pbs.live().length === 0 && store.allocations.live().length === 0;
}

function dayOf({ github, pbs }: World): Day {
  const waits = [...github.jobs.values()].map(
    ({ createdAt, startedAt }) => ((startedAt ?? Infinity) - createdAt) / MINUTE,
  );
  const hours = [...pbs.allocations.values()].map(({ startedAt, endedAt }) =>
    startedAt === null ? 0 : ((endedAt ?? Infinity) - startedAt) / HOUR,
  );
  return { waits, nodeHours: hours.reduce((sum, each) => sum + each, 0) };
}
