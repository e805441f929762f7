import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { toLabelSet } from "../../src/domain/labels.ts";
import type { Lane } from "../../src/domain/lane.ts";
import { allocationNames, ownJobId, pbsNameOf } from "../../src/domain/pbs-name.ts";
import { createNaming } from "../../src/domain/plan/naming.ts";

const lane: Lane = {
  key: "lane",
  pool: "pool",
  request: {
    queue: "main@desched1",
    select: "1:ncpus=1",
    place: null,
    walltimeSeconds: 60,
    allocationSeconds: 60,
    priority: null,
    resources: [],
  },
  labels: toLabelSet(["self-hosted"]),
  identity: {
    scope: { installationId: 1, organization: "science" },
    runnerGroup: "Default",
    account: null,
  },
  slots: 1,
};

function jobsOf(names: readonly string[]): number[] {
  const jobs = new Map<string, number>();
  for (const name of names) {
    const { job } = pbsNameOf(name);
    jobs.set(job, (jobs.get(job) ?? 0) + 1);
  }
  return [...jobs.values()];
}

describe("the names of one tick's allocations", () => {
  it("are those of one array for a thousand of a lane, and of a job of its own for one", () => {
    const nameAll = createNaming({ nonce: "abcdefgh", mostInArray: 1_000, arrayLimits: new Map() });
    const names = nameAll(lane, 1_000);
    expect(jobsOf(names)).toEqual([1_000]);
    expect(names.slice(0, 2)).toEqual(["ghr-abcdefgh000_0", "ghr-abcdefgh000_1"]);
    expect(nameAll(lane, 1)).toEqual(["ghr-abcdefgh001"]);
    expect(jobsOf(nameAll(lane, 2_001))).toEqual([1_000, 1_000, 1]);
  });

  it("heed what the destination was found to take, and a site without arrays", () => {
    const arrayLimits = new Map([["main@desched1", 3]]);
    const limited = createNaming({ nonce: "abcdefgh", mostInArray: 1_000, arrayLimits });
    expect(jobsOf(limited(lane, 7))).toEqual([3, 3, 1]);
    const without = createNaming({ nonce: "abcdefgh", mostInArray: 1, arrayLimits: new Map() });
    expect(without(lane, 3).every((name) => pbsNameOf(name).index === null)).toBe(true);
  });

  it("never meet, are PBS's to take, and tell their place in the array", () => {
    const count = fc.integer({ min: 1, max: 200 });
    fc.assert(
      fc.property(fc.array(count, { maxLength: 20 }), count, (counts, mostInArray) => {
        const nameAll = createNaming({ nonce: "00000000", mostInArray, arrayLimits: new Map() });
        const names = counts.flatMap((each) => nameAll(lane, each));
        expect(new Set(names).size).toBe(counts.reduce((sum, each) => sum + each, 0));
        for (const name of names) expect(pbsNameOf(name).job).toMatch(/^ghr-[a-z0-9]{11}$/);
      }),
    );
    for (const [index, name] of allocationNames("ghr-abcdefgh000", 12).entries()) {
      expect(pbsNameOf(name)).toEqual({ job: "ghr-abcdefgh000", index });
      expect(ownJobId(name, "7[].vm")).toBe(`7[${index}].vm`);
    }
    expect(ownJobId("ghr-abcdefgh000", "7.vm")).toBe("7.vm");
  });
});
