import { expect, it } from "vitest";
import { FAULTS } from "./faults.ts";
import { simulateMany } from "./search/many.ts";
import { scenarioOf } from "./scenario.ts";
import { simulate } from "./simulation.ts";

const HISTORIES = 2_000;

it(
  `every invariant holds through ${HISTORIES} histories, in which every fault strikes`,
  { timeout: 600_000 },
  async () => {
    const { histories, seconds, struck, failure } = await simulateMany(0, HISTORIES);
    console.log(`${histories} histories, ${(histories / seconds).toFixed(0)} a second`);
    console.log(FAULTS.map((fault) => `${fault} ${struck.get(fault) ?? 0}`).join(", "));
    expect(failure, failure ?? "").toBeNull();
    expect(histories).toBe(HISTORIES);
    expect(FAULTS.filter((fault) => !struck.has(fault))).toEqual([]);
  },
);

it("tells the same history of the same seed", async () => {
  const [first, second] = [await simulate(scenarioOf(42)), await simulate(scenarioOf(42))];
  expect(first.history.length).toBeGreaterThan(5);
  expect(second.history).toEqual(first.history);
});
