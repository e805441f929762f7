import type { Logger } from "pino";
import { Probot } from "probot";
import type { Environment } from "../config/environment.ts";
import { fetchWithin, PlainOctokit } from "./octokit.ts";

/** The App, as Probot knows it: signs in, and makes Octokits for its installations. */
export function createProbot(
  { app, apiUrl }: Pick<Environment, "app" | "apiUrl">,
  timeoutMs: number,
  outgoing: typeof fetch,
  log: Logger,
): Probot {
  return new Probot({
    appId: app.id,
    privateKey: app.privateKey,
    secret: app.webhookSecret,
    baseUrl: apiUrl,
    Octokit: PlainOctokit,
    request: { fetch: fetchWithin(timeoutMs, outgoing) },
    log: log.child({}, { level: "warn" }),
  });
}
