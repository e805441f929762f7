import { DAY, MINUTE } from "../domain/time.ts";
import { deliveryPayload, listDeliveries } from "../github/deliveries.ts";
import { troubleOf } from "../github/trouble.ts";
import type { Intake } from "./intake.ts";
import { createSweep, type SweepOptions } from "./sweep.ts";

/** GitHub keeps deliveries for 3 days (facts/github.md §5). */
const LOG_KEPT = 3 * DAY;
/** Deliveries appear in the log when they are sent, and may be sent late: each look goes back a little further. */
const OVERLAP = 10 * MINUTE;
/** Payloads fetched in one recovery; the rest waits for the next. */
const MOST_PAYLOADS = 200;

export interface RecoveryOptions extends SweepOptions {
  readonly intake: Intake;
}

/**
 * Finds what no webhook told: deliveries that failed or came while nobody listened, from the App's log; then queued
 * jobs for which no event was ever made, by looking at the repositories. Never rejects: what fails is logged and tried
 * again next time.
 */
export function createRecovery(options: RecoveryOptions): () => Promise<void> {
  const { log, now } = options;
  const sweep = createSweep(options);
  /** GitHub asked us not to come back before. */
  let closedUntil = 0;
  return async function recover() {
    for (const [what, step] of [
      ["deliveries", () => replayDeliveries(options)],
      ["sweep", sweep],
    ] as const) {
      if (now() < closedUntil) return;
      try {
        await step();
      } catch (error) {
        const trouble = troubleOf(error, now());
        if (trouble.kind === "retry") closedUntil = now() + (trouble.afterMs ?? 0);
        log.warn({ what, reason: trouble.reason }, "Recovery could not be completed");
      }
    }
  };
}

/** Takes from the App's delivery log whatever we have not recorded, whether or not its delivery succeeded. */
async function replayDeliveries({
  store,
  intake,
  octokitFor,
  now,
  log,
}: RecoveryOptions): Promise<void> {
  const began = now();
  const since = Math.max(began - LOG_KEPT, (store.mark("deliveries") ?? 0) - OVERLAP);
  const octokit = await octokitFor();
  const missing = new Map<string, string>();
  for await (const page of listDeliveries(octokit)) {
    for (const each of page) {
      const wanted = each.event === "workflow_job" && each.deliveredAt >= since;
      if (wanted && !store.hasDelivery(each.guid)) missing.set(each.guid, each.id);
    }
    const oldest = page.at(-1);
    if (!oldest || oldest.deliveredAt < since) break;
  }
  // Oldest first, as they would have come.
  const all = [...missing].toReversed();
  for (const [guid, id] of all.slice(0, MOST_PAYLOADS)) {
    const payload = await deliveryPayload(octokit, id);
    await intake.accept({ guid, event: "workflow_job", payload });
  }
  if (missing.size > 0)
    log.warn({ deliveries: missing.size }, "Recovered deliveries that had not come");
  if (missing.size <= MOST_PAYLOADS) store.setMark("deliveries", began);
}
