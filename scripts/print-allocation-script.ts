// Prints what an allocation runs, composed with examples: to be read, or checked as a whole (`npm run lint:node`).
import { DEFAULT_NODE_SETTINGS } from "../src/domain/node-settings.ts";
import { composeAllocationScript } from "../src/runner/allocation-script.ts";

console.log(
  composeAllocationScript({
    handoffs: ["/shared/handoff/ghr-abcdefgh000.0123456789abcdef"],
    seats: false,
    diagnostics: "/shared/diagnostics",
    runner: "/shared/runner",
    scratch: null,
    walltimeSeconds: 1_800,
    environment: ["module load gcc"],
    reuse: false,
    waitSeconds: null,
    node: DEFAULT_NODE_SETTINGS,
  }),
);
