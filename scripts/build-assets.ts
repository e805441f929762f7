// Files that are part of the program and not TypeScript.
import { chmodSync, copyFileSync } from "node:fs";

const ASSETS = ["runner/allocation.sh"];

for (const asset of ASSETS) {
  copyFileSync(
    new URL(`../src/${asset}`, import.meta.url),
    new URL(`../dist/${asset}`, import.meta.url),
  );
}
chmodSync(new URL("../dist/cli/main.js", import.meta.url), 0o755);
