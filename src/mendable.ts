import { EnvironmentError } from "./config/environment/reader.ts";
import { ConfigurationError } from "./config/mistake.ts";
import { ReleaseError } from "./runner/release/error.ts";
import { StoreError } from "./store/errors.ts";

/** What a person can mend is told in its own words, without a stack; anything else is a fault of ours, with its stack. */
export function isMendable(error: unknown): error is Error {
  return (
    error instanceof ConfigurationError ||
    error instanceof EnvironmentError ||
    error instanceof ReleaseError ||
    error instanceof StoreError ||
    // The system's own refusals: no permission, no space, no such file.
    (error instanceof Error && "syscall" in error)
  );
}
