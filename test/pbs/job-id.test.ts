import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { inRanges } from "../../src/pbs/job-id.ts";

describe("ids for qdel", () => {
  it("are a range where members of one array stand side by side", () => {
    const ids = ["7[2].vm", "8.vm", "7[0].vm", "7[1].vm", "7[1].casper", "7[9].vm", "9[].vm"];
    expect([...inRanges(ids)]).toEqual([
      ["7[0-2].vm", ["7[0].vm", "7[1].vm", "7[2].vm"]],
      ["7[9].vm", ["7[9].vm"]],
      ["8.vm", ["8.vm"]],
      ["7[1].casper", ["7[1].casper"]],
      ["9[].vm", ["9[].vm"]],
    ]);
  });

  it("stand for exactly what was asked", () => {
    const id = fc
      .tuple(fc.nat(3), fc.option(fc.nat(20)), fc.constantFrom("vm", "casper"))
      .map(([job, index, server]) => `${job}${index === null ? "" : `[${index}]`}.${server}`);
    fc.assert(
      fc.property(fc.uniqueArray(id), (ids) => {
        expect([...inRanges(ids).values()].flat().toSorted()).toEqual(ids.toSorted());
      }),
    );
  });
});
