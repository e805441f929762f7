import { describe, expect, it } from "vitest";
import { toLabelSet } from "../../src/domain/labels.ts";
import { routeJob } from "../../src/domain/routing.ts";
import type { Pool } from "../../src/domain/pool.ts";
import { poolWith, SCOPE } from "../helpers/pool.ts";

const plain = poolWith({ name: "plain", labels: toLabelSet(["self-hosted", "derecho"]) });
const gpu = poolWith({ name: "gpu", labels: toLabelSet(["self-hosted", "derecho", "gpu"]) });

function poolOf(pools: readonly Pool[], ...labels: string[]): string {
  const route = routeJob({ labels: toLabelSet(labels), scope: SCOPE }, pools);
  return route.kind === "lane" ? route.lane.pool : route.reason;
}

describe("the pool of a job", () => {
  it("is the most specific of those that have all its labels, in whatever order they stand", () => {
    for (const pools of [
      [plain, gpu],
      [gpu, plain],
    ]) {
      expect(poolOf(pools, "self-hosted", "Derecho")).toBe("plain");
      expect(poolOf(pools, "derecho", "gpu")).toBe("gpu");
    }
  });

  it("is the one with the highest priority among equals, then the first", () => {
    const first = poolWith({ name: "first", labels: plain.labels });
    const preferred = poolWith({ name: "preferred", labels: plain.labels, priority: 1 });
    expect(poolOf([first, plain], "derecho")).toBe("first");
    expect(poolOf([first, plain, preferred], "derecho")).toBe("preferred");
  });

  it("is the next that answers where the best cannot give what is asked", () => {
    const offering = (name: string, most: number): Pool =>
      poolWith({
        name,
        labels: plain.labels,
        resources: { ncpus: { kind: "count", least: 1, most, standard: 1 } },
      });
    const pools = [offering("small", 4), offering("large", 64)];
    expect(poolOf(pools, "derecho", "ncpus=4")).toBe("small");
    expect(poolOf(pools, "derecho", "ncpus=8")).toBe("large");
    expect(poolOf(pools, "derecho", "ncpus=65")).toBe(
      'The label "ncpus=65" is over the pool\'s ceiling of 4 (pool small). The label "ncpus=65" is over the pool\'s ceiling of 64 (pool large).',
    );
  });

  it("is none for labels that no pool has, and the sentence says which pools there are", () => {
    expect(poolOf([plain], "derecho", "h100")).toBe(
      "No pool answers to runs-on [derecho, h100]; pools here: plain [derecho, self-hosted].",
    );
    expect(poolOf([plain], "ncpus=4")).toContain("No pool answers");
  });

  it("takes a label that the pool lists as it stands for no resource", () => {
    const odd = poolWith({ name: "odd", labels: toLabelSet(["derecho", "ncpus=4"]) });
    expect(poolOf([odd], "derecho", "ncpus=4")).toBe("odd");
  });
});
