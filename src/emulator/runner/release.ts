import { chmod, mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { programOf, quote } from "../program.ts";

/** Writes what looks like an unpacked release of GitHub's runner, with the emulated listener in it. */
export async function writeRunnerRelease(directory: string): Promise<void> {
  const listener = join(directory, "bin", "Runner.Listener");
  await mkdir(join(directory, "bin"), { recursive: true });
  await mkdir(join(directory, "externals", "node20", "bin"), { recursive: true });
  const command = programOf(import.meta.url, "./listener")
    .map(quote)
    .join(" ");
  // The root is the parent of the real bin directory, as it is for GitHub's listener (facts/github.md §6).
  const script = `#!/bin/sh\nroot=$(cd "$(dirname "$0")/.." && pwd -P)\nexec ${command} "$root" "$@"\n`;
  await writeFile(listener, script);
  await writeFile(join(directory, "run.sh"), "#!/bin/sh\nexec ./bin/Runner.Listener run\n");
  await chmod(listener, 0o755);
  await chmod(join(directory, "run.sh"), 0o755);
}
