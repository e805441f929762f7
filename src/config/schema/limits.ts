import { z } from "zod";
import { count } from "./values.ts";

const MOST = "write a whole number from 1 to 100000";

function ceiling(whom: string) {
  return z
    .strictObject({
      max_allocations: count(100_000, MOST)
        .optional()
        .describe("At most this many allocations at once, waiting and running together."),
      max_waiting: count(100_000, MOST)
        .optional()
        .describe("At most this many of them waiting in PBS."),
    })
    .prefault({})
    .describe(`For each ${whom}.`);
}

export const limits = z
  .strictObject({
    max_allocations: count(100_000, MOST)
      .default(100)
      .describe("At most this many allocations at once, over all pools."),
    max_waiting: count(100_000, MOST)
      .optional()
      .describe("At most this many of them waiting in PBS. Default: no ceiling of its own."),
    repository: ceiling("repository"),
    user: ceiling("GitHub user who set a job off"),
    account: ceiling("PBS account"),
    organization: ceiling("organization"),
  })
  .describe("Ceilings over all pools.");
