import { describe, expect, it } from "vitest";
import { scenarioOf } from "./scenario.ts";
import { report, shrink } from "./shrink.ts";
import { simulate } from "./simulation.ts";

const BATCH = 100;

describe("the whole system, simulated", { timeout: 300_000 }, () => {
  it.each(Array.from({ length: 20 }, (_, index) => index * BATCH))(
    "keeps every invariant through 100 histories from seed %i",
    async (first) => {
      for (let seed = first; seed < first + BATCH; seed++) {
        const scenario = scenarioOf(seed);
        const outcome = await simulate(scenario);
        const failure = outcome.violation ? report(await shrink(scenario, outcome)) : null;
        expect(failure, failure ?? "").toBeNull();
      }
    },
  );

  it("tells the same history of the same seed", async () => {
    const [first, second] = [await simulate(scenarioOf(42)), await simulate(scenarioOf(42))];
    expect(first.history.length).toBeGreaterThan(5);
    expect(second.history).toEqual(first.history);
  });
});
