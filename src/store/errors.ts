/**
 * The store cannot be used and nothing was changed. What a person can do about it:
 * - `held`: stop the other instance, or wait until its lease ends.
 * - `newer`: run the version of the program that wrote it, or a later one.
 * - `corrupt`: restore a copy, or move the file away to begin anew.
 * - `unusable`: mend the directory (permissions, space, locks of the filesystem).
 */
export class StoreError extends Error {
  override readonly name = "StoreError";
  readonly trouble: "held" | "newer" | "corrupt" | "unusable";

  constructor(
    trouble: StoreError["trouble"],
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
    this.trouble = trouble;
  }
}
