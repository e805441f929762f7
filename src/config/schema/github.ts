import { z } from "zod";
import { MINUTE, SECOND } from "../../domain/time.ts";
import { duration } from "./values.ts";

export const github = z
  .strictObject({
    timeout: duration(SECOND, 15 * MINUTE)
      .prefault("60s")
      .describe("How long one call of GitHub's API may take."),
  })
  .describe("How GitHub is spoken to.");
