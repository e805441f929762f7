import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { programOf, quote } from "../program.ts";

/** Writes what looks like an unpacked release of GitHub's runner, with the emulated listener in it. */
export async function writeRunnerRelease(directory: string): Promise<void> {
  const command = programOf(import.meta.url, "./listener")
    .map(quote)
    .join(" ");
  // The root is the parent of the real bin directory, as it is for GitHub's listener (facts/github.md §6).
  const listener = `root=$(cd "$(dirname "$0")/.." && pwd -P)\nexec ${command} "$root" "$@"\n`;
  const programs = {
    "bin/Runner.Listener": listener,
    "bin/Runner.Worker": "echo 'the emulated listener does its work itself' >&2\nexit 1\n",
    "externals/node20/bin/node": 'exec node "$@"\n',
    "run.sh": "exec ./bin/Runner.Listener run\n",
  };
  for (const [name, lines] of Object.entries(programs)) {
    const path = join(directory, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, `#!/bin/sh\n${lines}`, { mode: 0o755 });
  }
}
