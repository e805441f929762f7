import type { Probot } from "probot";
import { loadConfiguration } from "./config/load.ts";
import { configurationFile, stateDirectory } from "./config/places.ts";
import { createLogger } from "./log/logger.ts";
import { openService } from "./service.ts";

/**
 * The Probot application function, for `probot run ./dist/app.js`: Probot listens, and answers once the event is stored.
 * `hpc-runners start` is the way to run it in earnest: it bounds what it reads, refuses an empty webhook secret, and
 * mints without Probot's pause of a second.
 *
 * @throws {ConfigurationError} and {StoreError}, which end Probot.
 */
export default function hpcRunners(probot: Probot): void {
  const state = stateDirectory(process.env);
  const service = openService({
    configuration: loadConfiguration(configurationFile(process.env, process.cwd()), {
      stateDirectory: state,
    }),
    stateDirectory: state,
    octokitFor: (installationId) => probot.auth(installationId),
    log: createLogger(),
  });
  probot.on("workflow_job", ({ id, name, payload }) =>
    service.intake.accept({ guid: id, event: name, payload }),
  );
  service.run(new AbortController().signal).catch((error: unknown) => {
    probot.log.fatal({ err: error }, "The loop cannot go on");
    process.exit(1);
  });
}
