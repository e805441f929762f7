import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { patienceFor } from "../../src/domain/patience.ts";
import { SECOND } from "../../src/domain/time.ts";
import type { GitHub } from "../../src/github/github.ts";
import { createHandoff } from "../../src/handoff/directory.ts";
import { Reconciler } from "../../src/reconciler/reconciler.ts";
import { Store } from "../../src/store/store.ts";
import { limitsWith, poolWith } from "../../test/helpers/pool.ts";
import type { Benchmark, Figure } from "./figure.ts";
import { addLive } from "./populate.ts";

const SIZES = [10, 100, 1_000, 5_000, 10_000];
const STATUS_INTERVAL = 15 * SECOND;
/** Ticks before those that count: the engine compiles what it has seen often. */
const WARM_UP = 5;

export const tick: Benchmark = {
  name: "tick",
  about:
    "CPU of one tick that lists the inbox, takes PBS's answer about every allocation and plans anew: all but qstat itself",
  async run(rounds) {
    const figures: Figure[] = [];
    for (const size of SIZES) {
      const samples = await measure(size, rounds);
      figures.push({
        name: `${size} live allocations`,
        unit: "ms",
        samples,
        ...(size === 5_000 ? { goal: { of: "median", at: "most", value: 100 } as const } : {}),
      });
    }
    return figures;
  },
};

async function measure(size: number, rounds: number): Promise<number[]> {
  const directory = mkdtempSync(join(tmpdir(), "hpc-runners-bench-"));
  const store = Store.open(join(directory, "state"), Date.now());
  try {
    const samples: number[] = [];
    const { reconciler, pass } = build(store, directory, size);
    for (let turn = 0; turn < WARM_UP + rounds; turn++) {
      pass(STATUS_INTERVAL);
      const before = process.cpuUsage();
      await reconciler.tick();
      await reconciler.settle();
      // What PBS answered has woken the loop: this one plans with it.
      await reconciler.tick();
      const { user, system } = process.cpuUsage(before);
      await reconciler.settle();
      if (turn >= WARM_UP) samples.push((user + system) / 1_000);
    }
    return samples;
  } finally {
    store.close();
    rmSync(directory, { recursive: true, force: true });
  }
}

const nobody = () => Promise.resolve({ kind: "unknown" as const, reason: "nobody is asked" });

function build(
  store: Store,
  directory: string,
  size: number,
): { readonly reconciler: Reconciler; readonly pass: (ms: number) => void } {
  let now = Date.now();
  const log = pino({ level: "silent" });
  const pools = ["small", "large", "gpu"].map((name) =>
    poolWith({ name, maxAllocations: size, maxWaiting: size, walltimeSeconds: 36_000 }),
  );
  const listed = addLive(store, pools, size, now);
  const github: GitHub = {
    mint: nobody,
    findRunner: nobody,
    deleteRunner: nobody,
    listRunners: nobody,
    job: nobody,
  };
  const reconciler = new Reconciler({
    store,
    log,
    statusInterval: STATUS_INTERVAL,
    rules: {
      pools,
      limits: limitsWith(),
      patience: patienceFor(STATUS_INTERVAL, 0),
      mostInArray: 1,
    },
    ports: {
      github,
      pbs: {
        submit: nobody,
        find: nobody,
        delete: nobody,
        status: () => Promise.resolve({ kind: "answered", jobs: listed }),
      },
      handoff: createHandoff({
        directory: join(directory, "handoff"),
        key: Buffer.alloc(32, 7),
        log,
      }),
      clock: { now: () => now, wait: () => Promise.resolve() },
      random: Math.random,
      describe: () => {
        throw new Error("nothing is to be submitted");
      },
      recover: () => Promise.resolve(),
      refresh: () => Promise.resolve(false),
      tidy: () => Promise.resolve(),
    },
  });
  return { reconciler, pass: (ms) => (now += ms) };
}
