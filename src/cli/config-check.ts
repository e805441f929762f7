import { loadConfiguration } from "../config/load.ts";
import { configurationFile } from "../config/places.ts";

/**
 * Says whether `hpc-runners.yml` can be used.
 *
 * @throws {ConfigurationError} with all its mistakes.
 */
export function configCheck(file: string | undefined): void {
  const path = file ?? configurationFile(process.env, process.cwd());
  const { pools } = loadConfiguration(path);
  const names = pools.map(({ name }) => name).join(", ");
  console.log(`${path} is good: ${pools.length === 1 ? "pool" : "pools"} ${names}.`);
}
