import { z } from "zod";
import { cures, ONE_LINE, QUOTES } from "./values.ts";

/** A label of GitHub's, as it stands in `runs-on`. */
export const label = z
  .string()
  .min(1)
  .max(256) // GitHub's limit for a runner's label
  .regex(ONE_LINE, "must not hold control characters")
  .regex(/^(?!\s).*(?<!\s)$/su, "must not begin or end with a space")
  .register(cures, { cure: `write a label as it stands in runs-on, 1 to 256 characters${QUOTES}` });
