import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Configuration } from "../config/configuration.ts";
import { ConfigurationError } from "../config/mistake.ts";
import { whyUnusable } from "./release/inspect.ts";
import { ARCHITECTURES } from "./release/name.ts";
import { linkOf } from "./release/shelf.ts";

/**
 * Sees to it that there is a runner for allocations to start: a current release of any architecture, or one that was
 * unpacked by hand into the directory itself.
 *
 * @throws {ConfigurationError} where there is none.
 */
export function requireRelease({ file, directories }: Configuration): void {
  const { runner } = directories;
  const links = ARCHITECTURES.map((each) => join(runner, linkOf(each))).filter((each) =>
    existsSync(each),
  );
  const reasons = [...links, runner].map((each) => whyUnusable(each));
  if (reasons.includes(null)) return;
  const message = reasons[0] ?? "holds no runner";
  const cure = message.includes("noexec")
    ? "name a directory on a filesystem that login and compute nodes share, then run: hpc-runners runner install"
    : "run: hpc-runners runner install";
  const place = { path: "directories.runner", line: null, column: null, value: runner };
  throw new ConfigurationError(file, [{ ...place, message, cure }]);
}
