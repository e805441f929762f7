/** A process of `simulateMany`: told of batches of seeds, it answers each with what came of it, and ends with its parent. */
import { z } from "zod";
import { simulateBatch } from "./many.ts";

const Range = z.object({ from: z.number().int(), to: z.number().int() });

process.on("message", (message) => {
  const { from, to } = Range.parse(message);
  void simulateBatch(from, to).then((batch) => process.send?.(batch));
});
