import { describe, expect, it } from "vitest";
import { BREAKAGES } from "./breakages.ts";
import { INVARIANTS } from "./check.ts";
import { scenarioOf } from "../scenario.ts";
import { simulate } from "../simulation.ts";

/** Some breakages need an occasion: a fault of the right kind. */
const SEEDS = 400;

describe("no check is vacuous: a program that is broken on purpose is caught", () => {
  it.each(INVARIANTS)("%s", async (invariant) => {
    const breakage = BREAKAGES[invariant];
    let caught: string | null = null;
    for (let seed = 0; seed < SEEDS && caught === null; seed++) {
      const { violation } = await simulate(scenarioOf(seed), {
        breakage,
        invariants: [invariant],
      });
      if (violation !== null) caught = `seed ${seed}: ${violation.message}`;
    }
    expect(caught).not.toBeNull();
  });
});
