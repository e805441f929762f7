import { z } from "zod";
import { count } from "./values.ts";

export const limits = z
  .strictObject({
    max_allocations: count(100_000, "write a whole number from 1 to 100000")
      .default(100)
      .describe("At most this many allocations at once, over all pools."),
  })
  .describe("Ceilings over all pools.");
