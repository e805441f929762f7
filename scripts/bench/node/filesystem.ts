import { execFileSync } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";

/** A filesystem that can share blocks between files, or why there is none. */
export type Reflinks =
  | { readonly directory: string; close(): Promise<void> }
  | { readonly why: string };

/** XFS in a file, mounted: for root, where mkfs.xfs is. */
export async function openReflinks(base: string): Promise<Reflinks> {
  const image = join(base, "xfs.image");
  const directory = join(base, "xfs");
  if (process.getuid?.() !== 0)
    return { why: "only root can mount a filesystem that has reflinks" };
  try {
    await mkdir(directory);
    run("truncate", "-s", "3G", image);
    run("mkfs.xfs", "-q", "-m", "reflink=1", image);
    run("mount", "-o", "loop", image, directory);
  } catch (error) {
    await rm(image, { force: true });
    return { why: `XFS could not be mounted: ${error instanceof Error ? error.message : ""}` };
  }
  return {
    directory,
    async close() {
      run("umount", directory);
      await rm(image, { force: true });
    },
  };
}

function run(command: string, ...words: readonly string[]): void {
  execFileSync(command, words, { stdio: ["ignore", "ignore", "pipe"] });
}
