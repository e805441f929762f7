import type { Runner } from "../domain/runner.ts";
import { endedWell } from "../domain/runner-exit.ts";
import type { ActContext } from "./act-context.ts";

/**
 * An allocation's directory proves, should the store be lost, that the registrations named after it are ours: it stays
 * until the last of them is gone.
 */
export function hasRegistrations({ store }: ActContext, allocation: string): boolean {
  return store.runners.live().some((each) => each.allocation === allocation && mayExist(each));
}

/** GitHub removes a registration with its job; one that is not known to have had any may still be there. */
function mayExist({ state, servedJobId, exit }: Runner): boolean {
  if (state === "gone") return false;
  return servedJobId === null && (exit === null || !endedWell(exit));
}

/** Removes the directory of an allocation that has ended, if nothing needs it any more. */
export async function closeHandoff(context: ActContext, name: string): Promise<void> {
  const allocation = context.store.allocations.get(name);
  if (!allocation || allocation.endedAt === null || hasRegistrations(context, name)) return;
  await context.ports.handoff.close(name);
}
