import { once } from "node:events";
import { createReadStream } from "node:fs";
import { realpath, stat } from "node:fs/promises";
import { dirname, isAbsolute, join, posix, sep } from "node:path";
import { extract, type ReadEntry } from "tar";
import { fileErrorCode, ReleaseError } from "./error.ts";
import type { OnProgress } from "./progress.ts";

/** What an unpacked release holds. */
export interface Contents {
  readonly files: number;
  readonly bytes: number;
}

export interface UnpackOptions {
  readonly onProgress: OnProgress;
  readonly signal: AbortSignal;
}

/** Several times what 2.336.0 has: an archive that nobody vouches for shall not fill the disk. */
const MOST_FILES = 200_000;
const MOST_BYTES = 8 * 1024 ** 3;

const KINDS = new Set(["File", "OldFile", "ContiguousFile", "Directory", "SymbolicLink", "Link"]);

/**
 * Unpacks an archive into a directory of its own. Its files can be read and, where they were programs, run, but not
 * written. An archive in which anything points out of that directory is refused as a whole.
 *
 * @throws {ReleaseError} and errors of the filesystem as they are. The directory then holds what there was until then.
 */
export async function unpack(
  archive: string,
  directory: string,
  { onProgress, signal }: UnpackOptions,
): Promise<Contents> {
  const guard = new Guard();
  try {
    await extractFile(archive, directory, guard, { onProgress, signal });
  } catch (error) {
    signal.throwIfAborted();
    throw guard.violation(archive) ?? explain(error, archive);
  }
  const violation = guard.violation(archive) ?? (await escaping(guard.links, archive, directory));
  if (violation) throw violation;
  return { files: guard.files, bytes: guard.bytes };
}

async function extractFile(
  archive: string,
  directory: string,
  guard: Guard,
  { onProgress, signal }: UnpackOptions,
): Promise<void> {
  const { size: total } = await stat(archive);
  const extraction = extract({
    cwd: directory,
    strict: true,
    // By root too: whoever installs it owns it.
    preserveOwner: false,
    // Only what makes an archive calls this with another thing than an entry.
    filter: (_path, entry) => "header" in entry && guard.admits(entry),
  });
  const closed = new Promise<void>((resolve, reject) => {
    extraction.on("close", resolve).on("error", reject);
  });
  // It may fail while nobody waits for it yet.
  closed.catch(() => undefined);
  let done = 0;
  for await (const chunk of createReadStream(archive, { highWaterMark: 1024 * 1024 })) {
    const bytes: Buffer = chunk;
    if (signal.aborted) extraction.abort(new Error("aborted"));
    const ready = extraction.write(bytes);
    if (!ready) await Promise.race([closed, once(extraction, "drain")]);
    done += bytes.length;
    onProgress({ step: "unpack", done, total });
  }
  extraction.end();
  await closed;
}

/** Looks at each entry before it is written. node-tar has its own guards, which repair or skip: here, one is enough to refuse. */
class Guard {
  files = 0;
  bytes = 0;
  /** Paths of symbolic links. */
  readonly links: string[] = [];
  #violation: string | null = null;

  admits(entry: ReadEntry): boolean {
    this.files += 1;
    this.bytes += entry.size ?? 0;
    this.#violation ??= this.#wrongWith(entry);
    if (entry.type === "SymbolicLink") this.links.push(entry.path);
    // Nobody's to write, and with no set-user-ID bit.
    const mode = (entry.mode ?? 0) & 0o111;
    entry.mode = entry.type === "Directory" ? 0o755 : mode === 0 ? 0o444 : 0o555;
    return this.#violation === null;
  }

  violation(archive: string): ReleaseError | null {
    if (this.#violation === null) return null;
    const cure = "it is no release of GitHub's runner; do not use it, and get another";
    return new ReleaseError("reject", `${archive} ${this.#violation}`, cure);
  }

  #wrongWith({ path, linkpath = "", type }: ReadEntry): string | null {
    if (this.files > MOST_FILES) return `holds more than ${MOST_FILES} files`;
    if (this.bytes > MOST_BYTES) return "holds more than 8 GiB";
    const shown = JSON.stringify(path.slice(0, 200));
    if (!KINDS.has(type))
      return `holds something that is neither file, directory nor link: ${shown}`;
    if (leaves(path)) return `holds a file that would be written elsewhere: ${shown}`;
    // A hard link's target is counted from the root of the archive, a symbolic link's from where it stands.
    const target = type === "SymbolicLink" ? posix.join(posix.dirname(path), linkpath) : linkpath;
    if (isAbsolute(linkpath) || leaves(target))
      return `holds a link to what is elsewhere: ${shown}`;
    return null;
  }
}

function leaves(path: string): boolean {
  const normal = posix.normalize(path);
  return isAbsolute(path) || normal === ".." || normal.startsWith("../");
}

/** Links through links: each target is inside by its text, but not where it leads. */
async function escaping(
  links: readonly string[],
  archive: string,
  directory: string,
): Promise<ReleaseError | null> {
  const root = await realpath(directory);
  for (const link of links) {
    const path = join(root, link);
    const place = await realpath(dirname(path)).catch(() => root);
    const target = await realpath(path).catch(() => place);
    if (target === root || target.startsWith(root + sep)) continue;
    const sentence = `${archive} holds a link to what is elsewhere: ${JSON.stringify(link)}`;
    return new ReleaseError("reject", sentence, "do not use it, and get another");
  }
  return null;
}

function explain(error: unknown, archive: string): unknown {
  if (fileErrorCode(error) !== null || !(error instanceof Error)) return error;
  const sentence = `${archive} is cut short or damaged, or no archive (${error.message})`;
  return new ReleaseError("reject", sentence, "get it again", error);
}
