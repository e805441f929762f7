import { pino } from "pino";
import { expect, test } from "vitest";
import { intendAllocation } from "../../src/domain/allocation.ts";
import { intendRunner, type Runner } from "../../src/domain/runner.ts";
import { hearMessage } from "../../src/reconciler/observe.ts";
import { Store } from "../../src/store/store.ts";
import { laneIn, poolWith, SCOPE } from "../helpers/pool.ts";
import { portsWith } from "../helpers/ports.ts";

const NAME = "ghr-abcdefgh000";
const EXIT = {
  code: 143,
  cause: "walltime",
  reason: "stopped before the end of the walltime",
  root: null,
  startMilliseconds: null,
} as const;

/** What is known of how a runner ended, after its node reported it. */
function exitOf(state: Partial<Runner>): Runner["exit"] | undefined {
  const store = Store.inMemory();
  const lane = laneIn(poolWith({ name: "derecho" }));
  store.saveAllocation({
    ...intendAllocation({ name: NAME, beneficiary: null }, lane, 1),
    submission: "accepted",
    pbsJobId: "12.vm",
    turns: { asked: 1, delivered: 1, reported: 0 },
  });
  const about = {
    name: `${NAME}-1`,
    scope: SCOPE,
    allocation: NAME,
    turn: 1,
    intendedJobId: 5,
  };
  store.saveRunner({ ...intendRunner(about, 2), deliveredAt: 3, ...state });
  const ports = portsWith({ clock: { now: () => 10, wait: () => Promise.resolve() } });
  hearMessage(
    { store, ports, log: pino({ level: "silent" }) },
    { kind: "reports", allocation: NAME, pbsJobId: "12.vm", turn: 1, exit: EXIT, updated: false },
  );
  return store.runners.get(`${NAME}-1`)?.exit;
}

test("how a runner's process ended is kept, also when GitHub told first that its job is over", () => {
  expect(exitOf({ state: "delivered" })).toEqual({ ...EXIT, at: 10 });
  expect(exitOf({ state: "gone", goneAt: 9, servedJobId: 5 })).toEqual({ ...EXIT, at: 10 });
});

test("the end of a runner that we took away ourselves is none of its own", () => {
  expect(exitOf({ state: "gone", goneAt: 9 })).toBeNull();
});
