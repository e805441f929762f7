import { isMendable } from "../mendable.ts";
import { StoreError } from "../store/errors.ts";

/** Of sysexits.h, which systemd and others know: for whoever starts us again (docs/service.md). */
const TRY_AGAIN = 75;
const NEEDS_PERSON = 78;
const UNFORESEEN = 1;

/** What `start` ends with after an error: a mistake that only a person can mend is not to be met again and again. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof StoreError && error.trouble === "held") return TRY_AGAIN;
  return isMendable(error) ? NEEDS_PERSON : UNFORESEEN;
}
