import { z } from "zod";
import type { EmulatedRunner } from "./state.ts";

/** What the emulated runner is told of where to connect. */
export interface RunnerSettings {
  /** URL of the runner service. */
  readonly service: string;
  readonly runnerId: number;
  readonly name: string;
  readonly secret: string;
}

/**
 * GitHub's JIT configuration: base64 of a JSON object from file names to base64 contents, which the runner writes into
 * its root (facts/github.md §6).
 */
export function encodeJitConfig(about: {
  readonly runner: EmulatedRunner;
  readonly service: string;
}): string {
  const { runner, service } = about;
  const files = {
    ".runner": {
      AgentId: runner.id,
      AgentName: runner.name,
      PoolId: runner.group.id,
      ServerUrl: service,
      Ephemeral: true,
      WorkFolder: "_work",
    },
    ".credentials": { Scheme: "OAuth", Data: { ClientId: String(runner.id) } },
    ".credentials_rsaparams": { d: runner.secret },
  };
  const encoded = Object.entries(files).map(([name, content]) => [name, base64(content)]);
  return base64(Object.fromEntries(encoded));
}

/** The files of a JIT configuration, by name. @throws if it is none. */
export function decodeJitConfig(encoded: string): Readonly<Record<string, string>> {
  const files = z.record(z.string(), z.string()).parse(JSON.parse(text(encoded)));
  return Object.fromEntries(Object.entries(files).map(([name, content]) => [name, text(content)]));
}

const Runner = z.object({ AgentId: z.number(), AgentName: z.string(), ServerUrl: z.string() });
const Secret = z.object({ d: z.string() });

export function settingsOf(files: Readonly<Record<string, string>>): RunnerSettings {
  const runner = Runner.parse(JSON.parse(files[".runner"] ?? "null"));
  const { d } = Secret.parse(JSON.parse(files[".credentials_rsaparams"] ?? "null"));
  return {
    service: runner.ServerUrl,
    runnerId: runner.AgentId,
    name: runner.AgentName,
    secret: d,
  };
}

function base64(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString("base64");
}

function text(encoded: string): string {
  return Buffer.from(encoded, "base64").toString("utf8");
}
