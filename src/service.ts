import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { Logger } from "pino";
import type { Configuration } from "./config/configuration.ts";
import { oldestLive } from "./domain/allocation.ts";
import { LARGEST_ARRAY } from "./domain/pbs-name.ts";
import { patienceFor } from "./domain/patience.ts";
import { SECOND } from "./domain/time.ts";
import { createGitHubClient } from "./github/client.ts";
import type { Octokit } from "./github/octokit.ts";
import { createHandoff } from "./handoff/directory.ts";
import { loadHandoffKey } from "./handoff/key.ts";
import { createIntake, type Delivery, type Intake } from "./intake/intake.ts";
import { Journal } from "./intake/journal/journal.ts";
import { JournalReader } from "./intake/journal/reader.ts";
import type { SignedDelivery } from "./intake/journal/record.ts";
import { createRecovery } from "./intake/recovery.ts";
import { registerLast } from "./log/secrets.ts";
import { createPbs } from "./pbs/driver.ts";
import type { Clock, Ports } from "./reconciler/ports.ts";
import { Reconciler } from "./reconciler/reconciler.ts";
import { pruneDiagnostics } from "./runner/diagnostics.ts";
import { listOffers } from "./runner/release/catalogue.ts";
import { createReleaseKeeper } from "./runner/release/keeper.ts";
import { ReleaseShelf } from "./runner/release/shelf.ts";
import { placesOf } from "./runner/places.ts";
import { createDescribe } from "./runner/submission.ts";
import { overviewOf, type Overview } from "./status/overview.ts";
import { createRecords, type Records } from "./status/records.ts";
import { Store } from "./store/store.ts";

/** What was begun when the program is stopped has this long to end; PBS and GitHub are asked again after a restart. */
export const SHUTDOWN_DEADLINE = 30 * SECOND;

/** A runner's configuration is worthless once it has connected, a moment after it was made. */
const MASKED_CONFIGURATIONS = 100;

export interface ServiceOptions {
  readonly configuration: Configuration;
  readonly stateDirectory: string;
  /** Authenticated as an installation, or as the App itself. */
  readonly octokitFor: (installationId?: number) => Promise<Octokit>;
  /** For what is not GitHub's API: downloads. Default: Node's own, which knows no proxy. */
  readonly fetch?: typeof fetch;
  readonly log: Logger;
  /** Called with each delivery of {@link Service.receive} that was stored; now and then twice with one. */
  readonly tell?: (delivery: Delivery) => void;
  /** Stands between the loop and everything outside: for tests that end the program in the middle of a side effect. */
  readonly watchPorts?: (ports: Ports) => Ports;
}

/** Everything but what listens: store, intake, and the loop. One for each state directory. */
export interface Service {
  /** For deliveries that were read by somebody else. */
  readonly intake: Intake;
  /** Resolves when the delivery would outlive a crash; it is read, and stored, a moment later. */
  receive(delivery: SignedDelivery): Promise<void>;
  readonly records: Records;
  overview(): Overview;
  /** Runs the loop until `signal` is aborted. Rejects if the store can no longer be used. */
  run(signal: AbortSignal): Promise<void>;
  /** Waits for what was begun, at most `deadlineMs`, and closes the store. Allocations are left running.
   *
   * @returns whether all of it was done.
   */
  close(deadlineMs: number): Promise<boolean>;
}

/**
 * Puts the rooms together.
 *
 * @throws {StoreError} if the state directory is held by another instance or its store cannot be used.
 */
export function openService(options: ServiceOptions): Service {
  const { configuration, stateDirectory, octokitFor, log, tell } = options;
  const { watchPorts = (ports: Ports) => ports } = options;
  const { pools, limits, directories, pbs } = configuration;
  const store = Store.open(stateDirectory, Date.now());
  const journal = openJournal(stateDirectory, store);
  const places = placesOf(configuration);
  for (const place of Object.values(places)) mkdirSync(place, { recursive: true, mode: 0o700 });
  const handoff = createHandoff({
    directory: join(directories.shared, "handoff"),
    key: loadHandoffKey(stateDirectory),
    log,
  });
  const keeper = createReleaseKeeper({
    shelf: new ReleaseShelf(directories.runner),
    offers: () => listOffers(octokitFor),
    mirror: configuration.runner.mirror,
    update: configuration.runner.update,
    fetch: options.fetch ?? fetch,
    oldestLive: () => oldestLive(store.allocations.live()),
    now: Date.now,
    log,
  });
  const intake = createIntake({ store, pools, now: Date.now, wake: () => reconciler.wake(), log });
  const reconciler = new Reconciler({
    store,
    rules: {
      pools,
      limits,
      patience: patienceFor(pbs.statusIntervalMs, pbs.cacheAgeMs),
      mostInArray: pbs.arrays ? LARGEST_ARRAY : 1,
    },
    statusInterval: pbs.statusIntervalMs,
    log,
    ports: watchPorts({
      pbs: createPbs({
        binDirectory: pbs.bin,
        callsPerMinute: pbs.callsPerMinute,
        timeouts: {
          qsub: pbs.timeoutMs,
          qstat: pbs.timeoutMs,
          qselect: pbs.timeoutMs,
          qdel: pbs.timeoutMs,
        },
        log,
      }),
      github: createGitHubClient({
        octokitFor,
        now: Date.now,
        registerSecret: registerLast(MASKED_CONFIGURATIONS),
      }),
      handoff,
      clock: systemClock,
      random: Math.random,
      describe: createDescribe(configuration, places),
      tidy: () => pruneDiagnostics(places.diagnostics, Date.now(), log),
      recover: createRecovery({ store, intake, pools, octokitFor, now: Date.now, log }),
      refresh: (refused) => (refused ? keeper.triggerUpdate() : keeper.keep()),
    }),
  });
  const unwatch = handoff.watch(() => reconciler.wake());
  const reader = new JournalReader({
    journal,
    log,
    async accept(delivery) {
      await intake.accept(delivery);
      tell?.(delivery);
    },
  });
  return {
    intake,
    async receive(delivery) {
      await journal.append(delivery);
      reader.nudge();
    },
    records: createRecords({ store, configuration, now: Date.now }),
    overview: () => overviewOf(store, pools, Date.now()),
    run: (signal) => reconciler.run(signal),
    async close(deadlineMs) {
      unwatch();
      keeper.stop();
      await reader.stop();
      journal.close();
      const late = new AbortController();
      const finished = await Promise.race([
        reconciler.settle().then(() => true),
        wait(deadlineMs, false, { signal: late.signal }).catch(() => false),
      ]);
      late.abort();
      store.close();
      return finished;
    },
  };
}

/** The store's lease is what keeps it for this process alone. */
function openJournal(stateDirectory: string, store: Store): Journal {
  try {
    return Journal.open(join(stateDirectory, "journal"));
  } catch (error) {
    store.close();
    throw error;
  }
}

const systemClock: Clock = {
  now: Date.now,
  async wait(ms, signal) {
    await wait(ms, undefined, { signal }).catch(() => undefined);
  },
};
