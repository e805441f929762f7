import { accessSync, constants } from "node:fs";
import { join } from "node:path";
import { ConfigurationError } from "../config/mistake.ts";
import type { Configuration } from "../config/configuration.ts";

const RELEASES = "https://github.com/actions/runner/releases";

/**
 * Sees to it that there is a runner for allocations to start.
 *
 * @throws {ConfigurationError} where there is none.
 */
export function requireRelease({ file, directories }: Configuration): void {
  try {
    accessSync(join(directories.runner, "bin/Runner.Listener"), constants.X_OK);
  } catch (cause) {
    const mistake = {
      path: "directories.runner",
      line: null,
      column: null,
      value: directories.runner,
      message: "holds no runner of GitHub (bin/Runner.Listener)",
      cure: `unpack actions-runner-linux-*.tar.gz of ${RELEASES} there`,
    };
    throw new ConfigurationError(file, [mistake], cause);
  }
}
