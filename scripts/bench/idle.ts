import { setTimeout as wait } from "node:timers/promises";
import { prototypeScene } from "../../src/demo/scene.ts";
import { Stage } from "../../src/demo/stage.ts";
import { Store } from "../../src/store/store.ts";
import { poolWith } from "../../test/helpers/pool.ts";
import type { Benchmark } from "./figure.ts";
import { addEnded } from "./populate.ts";
import { cpuTime, residentMemory } from "./process.ts";

const ENDED = 10_000;
/** Until the start is over: the App's log and the repositories have been looked at. */
const SETTLE = 20_000;
/** One of these holds one look for what no event told, which comes every five minutes, in one of five. */
const MEASURED = 60_000;

export const idle: Benchmark = {
  name: "idle",
  about: `the real process with ${ENDED} ended jobs in its store and nothing to do, for ${MEASURED / 1_000} s a round`,
  async run(rounds) {
    const stage = await Stage.prepare({ scene: prototypeScene });
    try {
      const store = Store.open(stage.stateDirectory, Date.now());
      addEnded(store, [poolWith({ name: "derecho" })], ENDED, Date.now());
      store.close();
      await stage.start();
      await wait(SETTLE);
      const cpu: number[] = [];
      const memory: number[] = [];
      for (let round = 0; round < rounds; round++) {
        const { pid } = stage;
        if (pid === null) throw new Error("The program does not run");
        const before = cpuTime(pid);
        await wait(MEASURED);
        // Microseconds in milliseconds, as a part of a hundred.
        cpu.push((cpuTime(pid) - before) / MEASURED / 10);
        memory.push(residentMemory(pid));
      }
      return [
        {
          name: "CPU",
          unit: "% of a core",
          samples: cpu,
          goal: { of: "median", at: "most", value: 0.2 },
          note: "read from /proc, in steps of 10 ms",
        },
        {
          name: "resident memory",
          unit: "MB",
          samples: memory,
          goal: { of: "median", at: "most", value: 120 },
        },
      ];
    } finally {
      await stage.close();
    }
  },
};
