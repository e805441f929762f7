import { pino } from "pino";
import { expect, it } from "vitest";
import { patienceFor } from "../../src/domain/patience.ts";
import { SECOND } from "../../src/domain/time.ts";
import { Reconciler } from "../../src/reconciler/reconciler.ts";
import { Store } from "../../src/store/store.ts";
import { limitsWith } from "../helpers/pool.ts";
import { portsWith } from "../helpers/ports.ts";

/** Runs a loop that is woken all the time, each of whose ticks takes so long. @returns how long it rested after each. */
async function restsOf(tick: number, ticks: number): Promise<readonly number[]> {
  const stop = new AbortController();
  const rests: number[] = [];
  let now = Date.parse("2026-11-24T12:00:00Z");
  let ticked = 0;
  const ports = portsWith({
    handoff: {
      ...portsWith().handoff,
      receive() {
        now += tick;
        ticked += 1;
        if (ticked === ticks) stop.abort();
        reconciler.wake();
        return Promise.resolve([]);
      },
    },
    clock: {
      now: () => now,
      wait(ms) {
        now += ms;
        rests.push(ms);
        return Promise.resolve();
      },
    },
  });
  const reconciler = new Reconciler({
    store: Store.inMemory(),
    ports,
    rules: {
      pools: [],
      limits: limitsWith(),
      patience: patienceFor(15 * SECOND, 0),
      mostInArray: 1,
    },
    statusInterval: 15 * SECOND,
    log: pino({ level: "silent" }),
  });
  await reconciler.run(stop.signal);
  return rests;
}

it("plans for a flood of wake-ups together: it rests nine times as long as a tick took", async () => {
  expect(await restsOf(4, 3)).toEqual([36, 36, 36]);
});

it("rests a tenth of a second at most, so that nothing waits for a slow filesystem twice", async () => {
  expect(await restsOf(5_000, 2)).toEqual([100, 100]);
});

it("does not rest after a tick that took no time", async () => {
  expect(await restsOf(0, 3)).toEqual([]);
});
