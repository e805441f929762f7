import { existsSync } from "node:fs";
import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { expandHome } from "./configuration.ts";

/** Environment variables, as `process.env` has them. */
export type Variables = Readonly<Record<string, string | undefined>>;

/**
 * Where this program keeps what it must not lose: `$XDG_STATE_HOME/hpc-runners`.
 * As the XDG specification wants it, a relative or empty `XDG_STATE_HOME` is ignored.
 */
export function stateDirectory(variables: Variables): string {
  return join(xdg(variables["XDG_STATE_HOME"], ".local/state"), "hpc-runners");
}

/** The configuration file: `HPC_RUNNERS_CONFIG`, else the first that exists, else the first that was looked for. */
export function configurationFile(variables: Variables, cwd: string): string {
  const named = variables["HPC_RUNNERS_CONFIG"];
  if (named !== undefined && named !== "") {
    return named.startsWith("~") ? expandHome(named) : resolve(cwd, named);
  }
  const here = resolve(cwd, "hpc-runners.yml");
  const atHome = join(xdg(variables["XDG_CONFIG_HOME"], ".config"), "hpc-runners/hpc-runners.yml");
  return !existsSync(here) && existsSync(atHome) ? atHome : here;
}

function xdg(value: string | undefined, fallback: string): string {
  return value !== undefined && isAbsolute(value) ? value : join(homedir(), fallback);
}
