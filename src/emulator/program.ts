import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const SOURCE = new URL("../", import.meta.url).href;

/**
 * The command line that runs a module of this project as a program: built by plain Node, from its source by tsx (which
 * is named by its own path, since the working directory may be anywhere). `HPC_RUNNERS_BUILD` names the directory of a
 * build to run in place of the source: a program of a test is then there in a quarter of the time.
 *
 * @param own the caller's `import.meta.url`.
 * @param module relative to the caller, without its ending.
 */
export function programOf(own: string, module: string): readonly [string, ...string[]] {
  const path = (ending: string): string => fileURLToPath(new URL(`${module}${ending}`, own));
  if (!own.endsWith(".ts")) return [process.execPath, path(".js")];
  const build = process.env["HPC_RUNNERS_BUILD"];
  const source = new URL(module, own).href;
  if (build !== undefined && source.startsWith(SOURCE)) {
    return [process.execPath, join(build, `${source.slice(SOURCE.length)}.js`)];
  }
  const tsx = pathToFileURL(createRequire(own).resolve("tsx")).href;
  return [process.execPath, "--import", tsx, path(".ts")];
}

/** One word for a shell, whatever it holds. */
export function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
