import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
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
