import type { Hold } from "../domain/hold.ts";
import type { Store } from "../store/store.ts";

/** What is paused, with what people call it. */
export interface PauseView extends Hold {
  /** `submissions of pool derecho`, `GitHub, for hpc-research`. */
  readonly of: string;
}

export function pauseViews(store: Store): readonly PauseView[] {
  return store.holds.live().map((hold) => ({ ...hold, of: wordsOf(hold, store) }));
}

/** A subject of domain/hold.ts as people would name it. */
function wordsOf({ subject }: Hold, store: Store): string {
  const [kind = "", name = ""] = subject.split(/:(.*)/s);
  if (kind === "pool") return `submissions of pool ${name}`;
  if (kind === "allocations") return `pool ${name}`;
  if (kind !== "installation") return subject;
  const known = store.installations().find((each) => String(each.installationId) === name);
  return `GitHub, for ${known?.organization ?? `installation ${name}`}`;
}
