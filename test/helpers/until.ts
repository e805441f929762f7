import { setTimeout as wait } from "node:timers/promises";

/** Waits for a condition, not for a time; the limit is only there to end a test that will never pass. */
export async function until<T>(
  what: string,
  look: () => T | null | undefined | false | Promise<T | null | undefined | false>,
  limit = 180_000,
): Promise<T> {
  const deadline = Date.now() + limit;
  for (;;) {
    const found = await look();
    if (found !== null && found !== undefined && found !== false) return found;
    if (Date.now() > deadline) throw new Error(`Waited in vain for: ${what}`);
    await wait(20);
  }
}
