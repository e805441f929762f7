import type { EmitterWebhookEvent } from "@octokit/webhooks";
import { hostname } from "node:os";
import type { Probot } from "probot";
import type { Logger } from "pino";
import { loadEnvironment, type Environment } from "../config/environment.ts";
import { EnvironmentError } from "../config/environment/reader.ts";
import { loadConfiguration } from "../config/load.ts";
import { createProbot } from "../github/probot.ts";
import { newToken, publishAccess } from "../http/api-access.ts";
import { apiRoutes } from "../http/api.ts";
import { createFront } from "../http/front.ts";
import type { Delivery } from "../intake/intake.ts";
import { startSmee } from "../intake/smee.ts";
import { createLogger } from "../log/logger.ts";
import { createOutgoingFor } from "../network/site.ts";
import { requireRelease } from "../runner/release.ts";
import { registerSecret } from "../log/secrets.ts";
import { openService, SHUTDOWN_DEADLINE, type Service, type ServiceOptions } from "../service.ts";
import { stopOnSignals } from "../stop.ts";
import { VERSION } from "../version.ts";

export interface StartOptions {
  readonly watchPorts?: ServiceOptions["watchPorts"];
  /** Milliseconds that what was begun has after the first signal. */
  readonly shutdownDeadline?: number;
}

/**
 * Runs until SIGTERM or SIGINT. The first signal stops taking in, ends what was begun, and leaves allocations running;
 * a second ends at once.
 *
 * @throws {EnvironmentError | ConfigurationError | StoreError} before anything is begun.
 */
export async function start(options: StartOptions = {}): Promise<void> {
  const { watchPorts, shutdownDeadline = SHUTDOWN_DEADLINE } = options;
  const environment = loadEnvironment();
  const configuration = loadConfiguration(environment.configurationFile, environment);
  const log = createLogger(environment.log);
  for (const secret of [environment.app.webhookSecret, environment.app.privateKey]) {
    registerSecret(secret);
  }
  requireRelease(configuration);
  for (const warning of environment.warnings) log.warn({ warning }, "Environment");
  const outgoing = createOutgoingFor(environment.network, configuration);
  const probot = createProbot(environment, configuration.github.timeoutMs, outgoing, log);
  const service = openService({
    configuration,
    stateDirectory: environment.stateDirectory,
    octokitFor: (installationId) => probot.auth(installationId),
    fetch: outgoing,
    log,
    tell: createTell(probot, log),
    ...(watchPorts ? { watchPorts } : {}),
  });
  const stop = stopOnSignals(log);
  const left = countdown(shutdownDeadline);
  let finished = true;
  try {
    const closeDoors = await openDoors(environment, probot, service, outgoing, log);
    try {
      log.info({ pools: configuration.pools.map(({ name }) => name) }, "Started");
      await service.run(stop);
    } finally {
      await closeDoors(left());
    }
  } finally {
    finished = await service.close(left());
  }
  if (!finished)
    log.warn("Not all that was begun could be finished: the next start asks what became of it");
  log.info("Stopped; allocations go on and are taken up by the next start");
  // A call that still hangs would keep the process.
  if (!finished) process.exit();
}

/** Everything through which news comes in. @returns what closes it. */
async function openDoors(
  environment: Environment,
  probot: Probot,
  service: Service,
  outgoing: typeof fetch,
  log: Logger,
): Promise<(deadlineMs: number) => Promise<void>> {
  await probot.ready();
  const { webhook, app, listen, stateDirectory } = environment;
  const token = newToken();
  const startedAt = Date.now();
  let url = "";
  const front = createFront({
    webhook: {
      path: webhook.path,
      secret: app.webhookSecret,
      accept: (delivery) => service.receive(delivery),
    },
    routes: apiRoutes({
      token,
      overview: () => service.overview(),
      records: service.records,
      instance: () => ({ version: VERSION, host: hostname(), pid: process.pid, startedAt, url }),
    }),
    log,
  });
  const { port } = await front.start(listen).catch((error: unknown) => {
    throw cannotListen(listen, error);
  });
  url = `http://${listen.host}:${port}`;
  log.info({ url, path: webhook.path }, "Listening for webhooks");
  const unpublish = publishAccess(stateDirectory, { url, token });
  const smee =
    webhook.proxyUrl === null
      ? null
      : startSmee({
          source: webhook.proxyUrl,
          target: new URL(webhook.path, url).href,
          fetch: outgoing,
          log,
        });
  return async (deadlineMs) => {
    unpublish();
    await smee?.stop();
    await front.stop(deadlineMs);
  };
}

/** What is left of a time that begins to run when it is first asked for. */
function countdown(milliseconds: number): () => number {
  let end: number | null = null;
  return () => {
    end ??= performance.now() + milliseconds;
    return Math.max(0, end - performance.now());
  };
}

/**
 * Tells Probot's subscribers of a delivery that was stored. Jobs need none: with one, Probot makes an Octokit for each
 * event, which costs more than to store it (docs/benchmarks.md).
 */
function createTell(probot: Probot, log: Logger) {
  return function tell({ guid, event, payload }: Delivery): void {
    // Verified and parsed by us; Probot's types want to know which event it is.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const received = { id: guid, name: event, payload } as unknown as EmitterWebhookEvent;
    probot.receive(received).catch((err: unknown) => {
      log.error({ err, guid }, "A subscriber failed; the event is stored");
    });
  };
}

/** The system's error, with what can be done about it. */
function cannotListen({ host, port }: Environment["listen"], error: unknown): unknown {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  const [variable, message, cure] =
    code === "EADDRINUSE"
      ? ["PORT", `${port} is taken by another program on ${host}`, "set another, or end that one"]
      : code === "EACCES"
        ? ["PORT", `${port} may not be used by this user`, "set one above 1023"]
        : code === "EADDRNOTAVAIL" || code === "ENOTFOUND"
          ? ["HOST", `${host} is no address of this machine`, "leave it out for 127.0.0.1"]
          : [null, "", ""];
  return variable === null ? error : new EnvironmentError([{ variable, message, cure }]);
}
