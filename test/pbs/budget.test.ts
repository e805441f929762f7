import { describe, expect, it } from "vitest";
import { CallBudget } from "../../src/pbs/budget.ts";
import type { PbsCommandName } from "../../src/pbs/command.ts";
import { until } from "../helpers/until.ts";

const HOUR = 3_600_000;

/** Calls of which it is noted when they start, and that end at once. */
class Calls {
  readonly started: PbsCommandName[] = [];
  readonly #budget: CallBudget;

  constructor(budget: CallBudget) {
    this.#budget = budget;
  }

  make(command: PbsCommandName, times = 1, ports = 1): void {
    for (let turn = 0; turn < times; turn++) {
      void this.#budget.run(command, ports, async () => void this.started.push(command));
    }
  }

  count(command: PbsCommandName): number {
    return this.started.filter((each) => each === command).length;
  }
}

describe("the budget of PBS calls", () => {
  it("starts no more submissions than their share, and leaves room for questions and deletions", async () => {
    const calls = new Calls(new CallBudget(12, HOUR));
    calls.make("qsub", 20);
    await until("the share is used", () => calls.count("qsub") === 9);
    calls.make("qdel", 2);
    calls.make("qstat");
    await until("the others were made", () => calls.started.length === 12);
    expect([calls.count("qsub"), calls.count("qdel"), calls.count("qstat")]).toEqual([9, 2, 1]);
    calls.make("qstat");
    await new Promise((resolve) => setImmediate(resolve));
    expect(calls.started).toHaveLength(12);
  });

  it("goes on as the ports become free again, questions first", async () => {
    const calls = new Calls(new CallBudget(4, 50));
    calls.make("qsub", 6);
    await until("the share is used", () => calls.count("qsub") >= 3);
    calls.make("qselect", 3);
    await until("all were made", () => calls.started.length === 9);
    expect(calls.started.indexOf("qselect")).toBeLessThan(calls.started.lastIndexOf("qsub"));
  });

  it("counts a call that takes many ports as many", async () => {
    const calls = new Calls(new CallBudget(10, HOUR));
    calls.make("qstat", 1, 40);
    await until("it is made", () => calls.count("qstat") === 1);
    calls.make("qdel");
    await new Promise((resolve) => setImmediate(resolve));
    expect(calls.count("qdel")).toBe(0);
  });
});
