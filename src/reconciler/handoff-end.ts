import type { ActContext } from "./act-context.ts";

/**
 * An allocation's directory proves, should the store be lost, that the registrations named after it are ours: it stays
 * until the last of them is gone.
 */
export function hasRegistrations({ store }: ActContext, allocation: string): boolean {
  return store.runners
    .live()
    .some((runner) => runner.allocation === allocation && runner.state !== "gone");
}

/** Removes the directory of an allocation that has ended, if nothing needs it any more. */
export async function closeHandoff(context: ActContext, name: string): Promise<void> {
  const allocation = context.store.allocations.get(name);
  if (!allocation || allocation.endedAt === null || hasRegistrations(context, name)) return;
  await context.ports.handoff.close(name);
}
