import { existsSync } from "node:fs";
import { join } from "node:path";
import { loadConfiguration } from "../../config/load.ts";
import type { Configuration } from "../../config/configuration.ts";
import { loadEnvironment, loadLocalEnvironment } from "../../config/environment.ts";
import { EnvironmentError } from "../../config/environment/reader.ts";
import { oldestLive } from "../../domain/allocation.ts";
import type { EpochMs } from "../../domain/time.ts";
import { createProbot } from "../../github/probot.ts";
import { findAccess } from "../../http/api-access.ts";
import { createApiClient } from "../../http/api-client.ts";
import { createLogger } from "../../log/logger.ts";
import { createOutgoingFor } from "../../network/site.ts";
import { listOffers } from "../../runner/release/catalogue.ts";
import { ReleaseError } from "../../runner/release/error.ts";
import { ReleaseShelf } from "../../runner/release/shelf.ts";
import type { Offers } from "../../runner/release/source.ts";
import { STORE_FILE } from "../../store/copy.ts";
import { Store } from "../../store/store.ts";

/** What the commands about releases work with. */
export interface Premises {
  readonly configuration: Configuration;
  readonly stateDirectory: string;
  readonly shelf: ReleaseShelf;
  readonly outgoing: typeof fetch;
  readonly offers: Offers;
}

/** @throws {EnvironmentError | ConfigurationError} */
export function openPremises(): Premises {
  const local = loadLocalEnvironment();
  for (const warning of local.warnings) console.error(`Warning: ${warning}`);
  const configuration = loadConfiguration(local.configurationFile, local);
  const outgoing = createOutgoingFor(local.network, configuration);
  return {
    configuration,
    stateDirectory: local.stateDirectory,
    shelf: new ReleaseShelf(configuration.directories.runner),
    outgoing,
    offers: () => askGitHub(configuration, outgoing),
  };
}

/** As the App, which is needed only here: an installation from a file works without. */
async function askGitHub(configuration: Configuration, outgoing: typeof fetch) {
  const log = createLogger({ level: "silent" });
  const environment = readEnvironment();
  const probot = createProbot(environment, configuration.github.timeoutMs, outgoing, log);
  return listOffers((installationId) => probot.auth(installationId));
}

function readEnvironment() {
  try {
    return loadEnvironment();
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    const wrong = error.mistakes.map(({ variable, message }) => `${variable} ${message}`);
    const sentence = `GitHub cannot be asked which release it wants (${wrong.join(", ")})`;
    const cure = "set up the App first (docs/app.md), or install from a file (--from)";
    throw new ReleaseError("mend", sentence, cure, error);
  }
}

/**
 * When the oldest allocation that lives was submitted; `null` if none lives. A running instance knows; where none can be asked,
 * its store does. One that was submitted in this very moment takes the release that is current.
 *
 * @throws {StoreError}
 */
export async function askOldestLive(stateDirectory: string): Promise<EpochMs | null> {
  const access = findAccess(stateDirectory);
  const overview =
    access === null
      ? null
      : await createApiClient(access)
          .overview()
          .catch(() => null);
  if (overview !== null) return overview.oldestLive;
  if (!existsSync(join(stateDirectory, STORE_FILE))) return null;
  const store = Store.openCopy(stateDirectory);
  try {
    return oldestLive(store.allocations.live());
  } finally {
    store.close();
  }
}
