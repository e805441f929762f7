import { chmod, mkdir, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

/** Writes what looks like an unpacked release of GitHub's runner, with the emulated listener in it. */
export async function writeRunnerRelease(directory: string): Promise<void> {
  const listener = join(directory, "bin", "Runner.Listener");
  await mkdir(join(directory, "bin"), { recursive: true });
  await mkdir(join(directory, "externals", "node20", "bin"), { recursive: true });
  const command = [process.execPath, ...listenerModule()].map((word) => quote(word)).join(" ");
  // The root is the parent of the real bin directory, as it is for GitHub's listener (facts/github.md §6).
  const script = `#!/bin/sh\nroot=$(cd "$(dirname "$0")/.." && pwd -P)\nexec ${command} "$root" "$@"\n`;
  await writeFile(listener, script);
  await writeFile(join(directory, "run.sh"), "#!/bin/sh\nexec ./bin/Runner.Listener run\n");
  await chmod(listener, 0o755);
  await chmod(join(directory, "run.sh"), 0o755);
}

function listenerModule(): string[] {
  const own = import.meta.url;
  if (!own.endsWith(".ts")) return [fileURLToPath(new URL("listener.js", own))];
  const tsx = pathToFileURL(createRequire(own).resolve("tsx")).href;
  return ["--import", tsx, fileURLToPath(new URL("listener.ts", own))];
}

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
