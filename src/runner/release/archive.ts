import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { explainFileError, ReleaseError } from "./error.ts";
import type { OnProgress } from "./progress.ts";

/**
 * The SHA-256 of a file, hexadecimal.
 *
 * @throws {ReleaseError} `mend` if it cannot be read.
 */
export async function checksumOf(file: string, onProgress: OnProgress): Promise<string> {
  try {
    const { size: total } = await stat(file);
    const hash = createHash("sha256");
    let done = 0;
    for await (const chunk of createReadStream(file, { highWaterMark: 1024 * 1024 })) {
      const bytes: Buffer = chunk;
      hash.update(bytes);
      done += bytes.length;
      onProgress({ step: "verify", done, total });
    }
    return hash.digest("hex");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") {
      throw new ReleaseError("mend", `${file} does not exist`, "name the archive", error);
    }
    throw explainFileError(error, "Reading the archive", file);
  }
}
