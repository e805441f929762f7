import { extendHold, holdsAllocations, installationSubject } from "../domain/hold.ts";
import type { RegistrationScope } from "../domain/workflow-job.ts";
import type { GitHubTrouble } from "../github/github.ts";
import type { ActContext } from "./act-context.ts";

/** After a failure: leave the subject alone for a while, longer each time. */
export function holdBack(
  { store, ports, log }: ActContext,
  failure: Parameters<typeof extendHold>[1],
): void {
  const before = store.holdOn(failure.subject);
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

/**
 * After an answer of GitHub, or the lack of one: a GitHub in trouble is asked less and less, whatever the question. A success
 * of a call that had begun before the trouble does not end the time for which GitHub asked us to wait.
 */
export function heedGitHub(
  context: ActContext,
  { installationId }: RegistrationScope,
  outcome: { readonly kind: string } | GitHubTrouble,
): void {
  const subject = installationSubject(installationId);
  if (!("reason" in outcome)) {
    const hold = context.store.holdOn(subject);
    if (hold && hold.until <= context.ports.clock.now()) letGo(context, subject);
    return;
  }
  holdBack(context, {
    subject,
    reason: outcome.reason,
    afterMs: outcome.kind === "retry" ? outcome.afterMs : null,
    needsPerson: outcome.kind === "refused",
  });
}

/** What made allocations end may have been mended for all pools: each is tried once, now. */
export function probeAllocations({ store, ports }: ActContext): void {
  for (const hold of store.holds.live()) {
    if (holdsAllocations(hold)) store.saveHold({ ...hold, until: ports.clock.now() });
  }
}

/** After a success: nothing holds the subject back any more. */
export function letGo({ store, log }: ActContext, subject: string): void {
  const hold = store.holdOn(subject);
  if (!hold) return;
  log.info({ subject }, "Works again");
  store.saveHold({ ...hold, failures: 0 });
}
