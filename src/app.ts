import { sign } from "@octokit/webhooks-methods";
import type { Logger } from "pino";
import type { Probot } from "probot";
import { loadLocalEnvironment } from "./config/environment.ts";
import { EnvironmentError } from "./config/environment/reader.ts";
import { loadConfiguration } from "./config/load.ts";
import { configurationFile, stateDirectory } from "./config/places.ts";
import { SHUTDOWN_DEADLINE, openService, type Service } from "./service.ts";
import { createLogger } from "./log/logger.ts";
import { registerSecret } from "./log/secrets.ts";
import { isMendable } from "./mendable.ts";
import { createOutgoingFor } from "./network/site.ts";
import { requireRelease } from "./runner/release.ts";
import { stopOnSignals } from "./stop.ts";

/**
 * The Probot application function, for `probot run ./dist/app.js`: Probot listens, and answers once the event is stored.
 * `hpc-runners start` is the way to run it in earnest: it bounds what it reads before its signature is known, shows its
 * state to `hpc-runners status`, and mints without Probot's pause of a second.
 */
export default async function hpcRunners(probot: Probot): Promise<void> {
  const log = createLogger();
  try {
    await begin(probot, log);
  } catch (error) {
    tellFatal(error, log);
    // Probot would print a stack and nothing else.
    process.exit(1);
  }
}

async function begin(probot: Probot, log: Logger): Promise<void> {
  await refuseKnownSecret(probot);
  const state = stateDirectory(process.env);
  const configuration = loadConfiguration(configurationFile(process.env, process.cwd()), {
    stateDirectory: state,
  });
  requireRelease(configuration);
  for (const name of ["WEBHOOK_SECRET", "PRIVATE_KEY"]) registerSecret(process.env[name] ?? "");
  const service = openService({
    configuration,
    stateDirectory: state,
    octokitFor: (installationId) => probot.auth(installationId),
    fetch: createOutgoingFor(loadLocalEnvironment().network, configuration),
    log,
  });
  probot.on("workflow_job", ({ id, name, payload }) =>
    service.intake.accept({ guid: id, event: name, payload }),
  );
  void serve(service, log).then((code) => process.exit(code));
}

/** Probot signs with "development" where no secret is set, in production too, and says nothing of it. */
async function refuseKnownSecret({ webhooks }: Probot): Promise<void> {
  if (!(await webhooks.verify("{}", await sign("development", "{}")))) return;
  throw new EnvironmentError([
    {
      variable: "WEBHOOK_SECRET",
      message: "is missing, or Probot's well-known default with which anybody can sign",
      cure: 'make one with "openssl rand -hex 32", and set the same on the App\'s settings page on GitHub',
    },
  ]);
}

/** @returns the exit code: Probot's server keeps the process alive, and Probot heeds no signals when it is `run`. */
async function serve(service: Service, log: Logger): Promise<number> {
  try {
    await service.run(stopOnSignals(log));
    return 0;
  } catch (error) {
    tellFatal(error, log);
    return 1;
  } finally {
    await service.close(SHUTDOWN_DEADLINE);
  }
}

function tellFatal(error: unknown, log: Logger): void {
  if (isMendable(error)) log.fatal({ reason: error.message }, "Cannot go on");
  else log.fatal({ err: error }, "Cannot go on");
}
