import type { EmitterWebhookEvent } from "@octokit/webhooks";
import { Probot } from "probot";
import type { Logger } from "pino";
import { loadEnvironment, type Environment } from "../config/environment.ts";
import { loadConfiguration } from "../config/load.ts";
import { SECOND } from "../domain/time.ts";
import { fetchWithin, PlainOctokit } from "../github/octokit.ts";
import { apiRoutes, newToken, publishAccess } from "../http/api.ts";
import { createFront } from "../http/front.ts";
import type { Delivery } from "../http/webhook.ts";
import { startSmee } from "../intake/smee.ts";
import { createLogger } from "../log/logger.ts";
import { requireRelease } from "../runner/release.ts";
import { registerSecret } from "../log/secrets.ts";
import { openService, type Service, type ServiceOptions } from "../service.ts";

/** What was begun when the first signal came has this long to end; PBS and GitHub are asked again after a restart. */
const SHUTDOWN_DEADLINE = 30 * SECOND;

export interface StartOptions {
  readonly watchPorts?: ServiceOptions["watchPorts"];
}

/**
 * Runs until SIGTERM or SIGINT. The first signal stops taking in, ends what was begun, and leaves allocations running;
 * a second ends at once.
 *
 * @throws {EnvironmentError | ConfigurationError | StoreError} before anything is begun.
 */
export async function start({ watchPorts }: StartOptions = {}): Promise<void> {
  const environment = loadEnvironment();
  const configuration = loadConfiguration(environment.configurationFile, environment);
  const log = createLogger(environment.log);
  for (const secret of [environment.app.webhookSecret, environment.app.privateKey]) {
    registerSecret(secret);
  }
  requireRelease(configuration);
  for (const warning of environment.warnings) log.warn({ warning }, "Environment");
  const probot = createProbot(environment, configuration.github.timeoutMs, log);
  const service = openService({
    configuration,
    stateDirectory: environment.stateDirectory,
    octokitFor: (installationId) => probot.auth(installationId),
    log,
    ...(watchPorts ? { watchPorts } : {}),
  });
  const stop = stopOnSignals(log);
  const closeDoors = await openDoors(environment, probot, service, log);
  try {
    log.info({ pools: configuration.pools.map(({ name }) => name) }, "Started");
    await service.run(stop);
  } finally {
    await closeDoors();
    await service.close(SHUTDOWN_DEADLINE);
    log.info("Stopped; allocations go on and are taken up by the next start");
  }
}

function createProbot(environment: Environment, timeoutMs: number, log: Logger): Probot {
  return new Probot({
    appId: environment.app.id,
    privateKey: environment.app.privateKey,
    secret: environment.app.webhookSecret,
    baseUrl: environment.apiUrl,
    Octokit: PlainOctokit,
    request: { fetch: fetchWithin(timeoutMs) },
    log: log.child({}, { level: "warn" }),
  });
}

/** Everything through which news comes in. @returns what closes it. */
async function openDoors(
  environment: Environment,
  probot: Probot,
  service: Service,
  log: Logger,
): Promise<() => Promise<void>> {
  await probot.ready();
  const { webhook, app, listen, stateDirectory } = environment;
  const token = newToken();
  const front = createFront({
    webhook: {
      path: webhook.path,
      secret: app.webhookSecret,
      accept: createAccept(service, probot, log),
    },
    routes: apiRoutes(token, () => service.overview()),
    log,
  });
  const { port } = await front.start(listen);
  const url = `http://${listen.host}:${port}`;
  log.info({ url, path: webhook.path }, "Listening for webhooks");
  const unpublish = publishAccess(stateDirectory, { url, token });
  const smee =
    webhook.proxyUrl === null
      ? null
      : startSmee({ source: webhook.proxyUrl, target: new URL(webhook.path, url).href, log });
  return async () => {
    unpublish();
    await smee?.stop();
    await front.stop(SHUTDOWN_DEADLINE);
  };
}

/**
 * Stores a delivery, and then tells Probot's subscribers of it, beside the answer to GitHub. Jobs need none: with one,
 * Probot makes an Octokit for each event, which costs more than to store it (docs/benchmarks.md).
 */
function createAccept(service: Service, probot: Probot, log: Logger) {
  return async function accept({ deliveryId, event, payload }: Delivery): Promise<void> {
    await service.intake.accept({ guid: deliveryId, event, payload });
    // Verified and parsed by us; Probot's types want to know which event it is.
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion
    const received = { id: deliveryId, name: event, payload } as unknown as EmitterWebhookEvent;
    probot.receive(received).catch((err: unknown) => {
      log.error({ err, deliveryId }, "A subscriber failed; the event is stored");
    });
  };
}

function stopOnSignals(log: Logger): AbortSignal {
  const stop = new AbortController();
  function onSignal(signal: NodeJS.Signals): void {
    if (stop.signal.aborted) {
      log.warn({ signal }, "Second signal: ending at once");
      // As if the signal had not been caught: whoever sent it sees what it did.
      process.off(signal, onSignal);
      process.kill(process.pid, signal);
      return;
    }
    log.info({ signal }, "Stopping: finishing what was begun");
    stop.abort();
  }
  process.on("SIGTERM", onSignal).on("SIGINT", onSignal);
  return stop.signal;
}
