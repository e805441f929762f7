import { directoryOf } from "../../runner/release/name.ts";
import { askOldestLive, openPremises } from "./premises.ts";

/** Removes what nobody needs any more. */
export async function pruneRunners(): Promise<void> {
  const { shelf, stateDirectory } = openPremises();
  const removed = await shelf.prune(await askOldestLive(stateDirectory), Date.now());
  for (const { name } of removed) console.log(`Removed ${directoryOf(name)}.`);
  if (removed.length === 0) {
    console.log(
      "Nothing to remove: two releases of each architecture stay, and what allocations may use.",
    );
  }
}
