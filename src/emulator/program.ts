import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";

/**
 * The command line that runs a module of this project as a program: built by plain Node, from its source by tsx (which
 * is named by its own path, since the working directory may be anywhere).
 *
 * @param own the caller's `import.meta.url`.
 * @param module relative to the caller, without its ending.
 */
export function programOf(own: string, module: string): readonly [string, ...string[]] {
  const path = (ending: string): string => fileURLToPath(new URL(`${module}${ending}`, own));
  if (!own.endsWith(".ts")) return [process.execPath, path(".js")];
  const tsx = pathToFileURL(createRequire(own).resolve("tsx")).href;
  return [process.execPath, "--import", tsx, path(".ts")];
}

/** One word for a shell, whatever it holds. */
export function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
