import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    globalSetup: "test/helpers/build.ts",
    env: { HPC_RUNNERS_BUILD: fileURLToPath(new URL("dist", import.meta.url)) },
    include: ["test/**/*.test.ts"],
    exclude: ["test/pbs/real/**"],
    testTimeout: 240_000,
    hookTimeout: 60_000,
    unstubEnvs: true,
    // Most tests wait for processes: more of them at a time than there are cores, but not so many that they starve.
    maxWorkers: 3,
    maxConcurrency: 4,
  },
});
