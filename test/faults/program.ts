/**
 * The real program, whose loop lives in another time: `CLOCK_SPEED` times as fast as the world's. With `SHUTDOWN_DEADLINE`
 * milliseconds to finish what was begun.
 */
import { setTimeout as wait } from "node:timers/promises";
import { start } from "../../src/cli/start.ts";
import type { Clock } from "../../src/reconciler/ports.ts";

const speed = Number(process.env["CLOCK_SPEED"] ?? 1);
const deadline = Number(process.env["SHUTDOWN_DEADLINE"] ?? 30_000);
const began = Date.now();

const clock: Clock = {
  now: () => began + (Date.now() - began) * speed,
  async wait(ms, signal) {
    await wait(ms / speed, undefined, { signal }).catch(() => undefined);
  },
};

await start({ watchPorts: (ports) => ({ ...ports, clock }), shutdownDeadline: deadline });
