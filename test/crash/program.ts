/**
 * The real program, which can be made to die of KILL in the middle of a side effect: `CRASH_AT` is `before` or `after`,
 * a space, and the effect's name. All side effects are written to the file that `EFFECTS` names, a line each.
 */
import { appendFileSync } from "node:fs";
import { start } from "../../src/cli/start.ts";
import { Journal } from "../../src/intake/journal/journal.ts";
import type { Ports } from "../../src/reconciler/ports.ts";

const { CRASH_AT = "", EFFECTS = "/dev/null" } = process.env;

function dieAt(moment: string): void {
  if (moment === CRASH_AT) process.kill(process.pid, "SIGKILL");
}

/** Does what is a side effect, and dies before it or after it if told to. */
function carryOut(effect: string, work: () => unknown): unknown {
  appendFileSync(EFFECTS, `${effect}\n`);
  dieAt(`before ${effect}`);
  const result = work();
  const after = (value: unknown): unknown => {
    dieAt(`after ${effect}`);
    return value;
  };
  return result instanceof Promise ? result.then(after) : after(result);
}

/** What the journal does is a side effect too; it is no port. */
for (const method of ["append", "read", "forget"] as const) {
  const original: (...args: never[]) => unknown = Journal.prototype[method];
  Object.defineProperty(Journal.prototype, method, {
    value(this: Journal, ...args: never[]) {
      return carryOut(`journal.${method}`, () => Reflect.apply(original, this, args));
    },
  });
}

/** Calls that change nothing, and come before anything is told of the start. */
const LOOKS = ["handoff.receive", "handoff.list"];

/** Every call of the port is a side effect, but looking into the handoff. */
function watched<T extends object>(port: T, name: string): T {
  return new Proxy(port, {
    get(target, method) {
      const member: unknown = Reflect.get(target, method, target);
      const effect = `${name}.${String(method)}`;
      if (typeof member !== "function" || LOOKS.includes(effect)) return member;
      return (...args: unknown[]) => carryOut(effect, () => Reflect.apply(member, target, args));
    },
  });
}

await start({
  watchPorts: (ports: Ports): Ports => ({
    ...ports,
    pbs: watched(ports.pbs, "pbs"),
    github: watched(ports.github, "github"),
    handoff: watched(ports.handoff, "handoff"),
  }),
});
