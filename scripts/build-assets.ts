// Files that are part of the program and not TypeScript.
import { chmodSync, cpSync } from "node:fs";
import { fileURLToPath } from "node:url";

const ASSETS = ["runner/allocation.sh", "runner/epilogue.sh", "runner/node"];

for (const asset of ASSETS) {
  const [from, to] = ["src", "dist"].map((each) =>
    fileURLToPath(new URL(`../${each}/${asset}`, import.meta.url)),
  );
  if (from !== undefined && to !== undefined) cpSync(from, to, { recursive: true });
}
chmodSync(new URL("../dist/cli/main.js", import.meta.url), 0o755);
