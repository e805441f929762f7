import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";

/** Once before all tests: the programs that they start are those of this moment's source. */
export function setup(): void {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  execFileSync("npm", ["run", "--silent", "build"], { cwd: root, stdio: "inherit" });
}
