import { hostname } from "node:os";
import { loadLocalEnvironment } from "../config/environment.ts";
import { loadConfiguration } from "../config/load.ts";
import { ApiError, createApiClient } from "../http/api-client.ts";
import { findAccess } from "../http/api-access.ts";
import type { InstanceView } from "../http/api.ts";
import { createRecords, type Records } from "../status/records.ts";
import { holderOf } from "../store/lease.ts";
import { Store } from "../store/store.ts";

/** Where what is shown comes from. */
export interface Source {
  readonly records: Records;
  /** The instance that was asked; `null` when the store was read instead. */
  readonly instance: InstanceView | null;
  /** Does one run, here or elsewhere? */
  readonly runs: boolean;
  /** For people, when no instance was asked: why not, and what this is instead. */
  readonly remark: string | null;
}

/**
 * Asks the running instance; where none can be asked, reads what the last one wrote down, without changing it.
 *
 * @throws {EnvironmentError | ConfigurationError | StoreError}
 */
export async function withSource<T>(use: (source: Source) => Promise<T>): Promise<T> {
  const places = loadLocalEnvironment();
  const holder = holderOf(places.stateDirectory, Date.now());
  const access = findAccess(places.stateDirectory);
  let silence = "it was started by probot run, which has no API";
  // Loopback of another host is not where this one's instance listens.
  if (access && holder?.host === hostname()) {
    const client = createApiClient(access);
    try {
      const { instance } = await client.status();
      return await use({ records: client, instance, runs: true, remark: null });
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      silence = error.message;
    }
  }
  const store = Store.openCopy(places.stateDirectory);
  try {
    const configuration = loadConfiguration(places.configurationFile, places);
    const records = createRecords({ store, configuration, now: Date.now });
    const remark =
      holder === null
        ? "No instance runs: this is what the last one wrote down."
        : holder.host === hostname()
          ? `The instance of process ${holder.pid} cannot be asked (${silence}): this is what it wrote down.`
          : `The instance runs on ${holder.host} (process ${holder.pid}) and can be asked only there: this is what it wrote down.`;
    return await use({ records, instance: null, runs: holder !== null, remark });
  } finally {
    store.close();
  }
}
