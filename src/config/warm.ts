import { mistakeOfHours } from "../domain/warm.ts";
import type { Finding } from "./explain.ts";
import { quoteValue } from "./mistake.ts";
import type { Settings } from "./schema.ts";

/** Hours that are no hours: only the library that reads cron expressions can tell. */
export function checkWarm(name: string, pool: Settings["pools"][string]): readonly Finding[] {
  return pool.warm.flatMap(({ hours }, index) => {
    if (!hours) return [];
    const mistake = mistakeOfHours({ cron: hours.from, timeZone: hours.time_zone ?? null });
    if (mistake === null) return [];
    return [
      {
        path: ["pools", name, "warm", index, "hours"],
        at: "value" as const,
        value: quoteValue(hours.from),
        message: `cannot be read: ${mistake}`,
        cure: 'write five fields such as "0 8 * * 1-5", and a time zone such as America/Denver',
      },
    ];
  });
}
