import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create } from "tar";
import { fillRelease } from "../runner/layout.ts";
import { writeRunnerRelease } from "../runner/release.ts";

/**
 * The emulated runner as GitHub packs its own: everything below `./`.
 *
 * @param scale with as many files as GitHub's, each of this part of its size; `null` for a small one.
 */
export async function packEmulatedRunner(scale: number | null = null): Promise<Buffer> {
  const directory = await mkdtemp(join(tmpdir(), "hpc-runners-release-"));
  try {
    await writeRunnerRelease(join(directory, "tree"));
    if (scale !== null) await fillRelease(join(directory, "tree"), scale);
    return await pack(join(directory, "tree"));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** A directory as a `.tar.gz`. */
export async function pack(directory: string): Promise<Buffer> {
  const archive = `${directory}.tar.gz`;
  await create({ file: archive, cwd: directory, gzip: true, portable: true }, ["./"]);
  const bytes = await readFile(archive);
  await rm(archive);
  return bytes;
}
