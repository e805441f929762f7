import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** What is tested against the PBS of this machine, if there is one. */
export default defineConfig({
  test: {
    globalSetup: "test/helpers/build.ts",
    env: { HPC_RUNNERS_BUILD: fileURLToPath(new URL("dist", import.meta.url)) },
    // Names what is skipped, and so why.
    reporters: ["verbose"],
    include: ["test/pbs/real/**/*.test.ts"],
    testTimeout: 180_000,
    hookTimeout: 60_000,
    // One after another: they share the queue.
    fileParallelism: false,
  },
});
