import { extendHold, type Hold } from "../domain/hold.ts";
import type { ActContext } from "./act.ts";

/** After a failure: leave the subject alone for a while, longer each time. */
export function holdBack(
  { store, ports, log }: ActContext,
  failure: Parameters<typeof extendHold>[1],
): void {
  const before = store.holds.live().find((each) => each.subject === failure.subject);
  const now = ports.clock.now();
  const hold = extendHold(before, failure, now, ports.random());
  log.warn(
    {
      subject: hold.subject,
      reason: hold.reason,
      failures: hold.failures,
      seconds: Math.round((hold.until - now) / 1000),
    },
    "Paused after a failure",
  );
  store.saveHold(hold);
}

/** After a success: nothing holds the subject back any more. */
export function letGo({ store, log }: ActContext, subject: string): void {
  const hold: Hold | undefined = store.holds.live().find((each) => each.subject === subject);
  if (!hold) return;
  log.info({ subject }, "Works again");
  store.saveHold({ ...hold, failures: 0 });
}
