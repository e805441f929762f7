import { cpus, totalmem } from "node:os";

/** Where the figures were measured: without it they say nothing. */
export function machine() {
  const [cpu] = cpus();
  return {
    cpu: cpu?.model.trim() ?? "unknown",
    cores: cpus().length,
    memoryGb: Math.round(totalmem() / 1024 ** 3),
    node: process.version,
    at: new Date().toISOString(),
  };
}
