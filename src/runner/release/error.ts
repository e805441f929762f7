/**
 * What a caller can do when a release cannot be had:
 * - `retry`: the network or GitHub failed; the same may succeed later.
 * - `reject`: this archive, or what was asked for, is not to be used; another may be.
 * - `mend`: a person must do something here first: disk, permission, mount option, setting.
 */
export type ReleaseErrorKind = "retry" | "reject" | "mend";

/** A release could not be installed. Nothing of it is left where allocations look. */
export class ReleaseError extends Error {
  override readonly name = "ReleaseError";
  readonly kind: ReleaseErrorKind;

  /** @param sentence what, where, why. @param cure what to do. Neither with a full stop. */
  constructor(kind: ReleaseErrorKind, sentence: string, cure: string, cause?: unknown) {
    super(`${sentence}: ${cure}.`, cause === undefined ? undefined : { cause });
    this.kind = kind;
  }
}

/** An unpacked release has some 700 MB, its archive 200 (2.336.0, x64). */
const ROOM = "a release needs 1 GB";

const CURES: Readonly<Record<string, readonly [reason: string, cure: string]>> = {
  ENOSPC: [
    "no space is left",
    `${ROOM}; make room, or set directories.runner to a larger filesystem`,
  ],
  EDQUOT: [
    "your quota is used up",
    `${ROOM}; make room, or set directories.runner to another filesystem`,
  ],
  EFBIG: ["a file would be larger than allowed", "raise the limit (ulimit -f)"],
  EACCES: [
    "permission is denied",
    "see that this user may write there, or set directories.runner to another directory",
  ],
  EPERM: [
    "it is not permitted",
    "see that this user may write there, or set directories.runner to another directory",
  ],
  EROFS: ["the filesystem is read-only", "set directories.runner to another filesystem"],
  ENOTDIR: ["a part of the path is no directory", "mend directories.runner"],
};

/** An error of the filesystem in words. Others are passed on as they are: they are faults of ours. */
export function explainFileError(error: unknown, what: string, where: string): unknown {
  if (error instanceof ReleaseError) return error;
  const code = fileErrorCode(error);
  if (code === null) return error;
  const [reason, cure] = CURES[code] ?? [code, "see what the system's administrators know of it"];
  return new ReleaseError("mend", `${what} failed in ${where}, ${reason} (${code})`, cure, error);
}

/** `null` if it is no error of the filesystem. */
export function fileErrorCode(error: unknown): string | null {
  if (!(error instanceof Error) || !("code" in error) || typeof error.code !== "string")
    return null;
  return "syscall" in error && /^E[A-Z0-9]+$/.test(error.code) ? error.code : null;
}
