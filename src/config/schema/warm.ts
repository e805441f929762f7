import { z } from "zod";
import { DAY, MINUTE } from "../../domain/time.ts";
import { label } from "./label.ts";
import { count, cures, duration } from "./values.ts";

const hours = z
  .strictObject({
    from: z
      .string()
      .max(100)
      .register(cures, {
        cure: 'write the time of day it begins as a cron expression, such as "0 8 * * 1-5"',
      })
      .describe("When they begin: a cron expression of five fields."),
    for: duration(MINUTE, 7 * DAY).describe("How long each time."),
    time_zone: z
      .string()
      .max(64)
      .register(cures, { cure: "write a time zone, such as America/Denver" })
      .optional()
      .describe("Of the cron expression. Default: this machine's."),
  })
  .describe("When. Default: always.");

/** One item of a pool's `warm`. */
export const warm = z.strictObject({
  min: count(1_000, "write a whole number from 1 to 1000").describe(
    "So many allocations wait, beyond those that queued jobs need; the pool's ceilings hold.",
  ),
  runs_on: z
    .array(label)
    .min(1)
    .max(100)
    .optional()
    .describe("For jobs with this runs-on. Default: the pool's labels."),
  organization: z
    .string()
    .regex(/^[\w.-]{1,100}$/, "is no organization's name")
    .register(cures, { cure: "write the organization's login" })
    .optional()
    .describe("Needed where the App is installed on several."),
  hours: hours.optional(),
});
