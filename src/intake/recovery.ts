import type { Logger } from "pino";
import type { Pool } from "../domain/pool.ts";
import { isMeantForUs } from "../domain/routing.ts";
import { DAY, MINUTE, type EpochMs } from "../domain/time.ts";
import type { RegistrationScope } from "../domain/workflow-job.ts";
import type { Octokit } from "../github/octokit.ts";
import { deliveryPayload, listDeliveries } from "../github/deliveries.ts";
import { listActiveRuns, listJobs, listRepositories, listScopes } from "../github/queued-jobs.ts";
import { troubleOf } from "../github/trouble.ts";
import type { Store } from "../store/store.ts";
import { hearJobNews } from "./hear.ts";
import type { Intake } from "./intake.ts";

/** GitHub keeps deliveries for 3 days (facts/github.md §5). */
const LOG_KEPT = 3 * DAY;
/** Deliveries appear in the log when they are sent, and may be sent late: each look goes back a little further. */
const OVERLAP = 10 * MINUTE;
/** Payloads fetched in one recovery; the rest waits for the next. */
const MOST_PAYLOADS = 200;
/** Requests of one sweep, over all installations: a small part of an installation's 5 000 an hour. */
const SWEEP_REQUESTS = 60;

export interface RecoveryOptions {
  readonly store: Store;
  readonly intake: Intake;
  readonly pools: readonly Pool[];
  /** As the App itself without an installation. */
  readonly octokitFor: (installationId?: number) => Promise<Octokit>;
  readonly now: () => EpochMs;
  readonly log: Logger;
}

/**
 * Finds what no webhook told: deliveries that failed or came while nobody listened, from the App's log; then queued
 * jobs for which no event was ever made, by looking at the repositories. Never rejects: what fails is logged and tried
 * again next time.
 */
export function createRecovery(options: RecoveryOptions): () => Promise<void> {
  const { log, now } = options;
  const sweep = createSweep(options);
  return async function recover() {
    for (const [what, step] of [
      ["deliveries", () => replayDeliveries(options)],
      ["sweep", sweep],
    ] as const) {
      try {
        await step();
      } catch (error) {
        log.warn(
          { what, reason: troubleOf(error, now()).reason },
          "Recovery could not be completed",
        );
      }
    }
  };
}

/** Takes from the App's delivery log whatever we have not recorded, whether or not its delivery succeeded. */
async function replayDeliveries({
  store,
  intake,
  octokitFor,
  now,
  log,
}: RecoveryOptions): Promise<void> {
  const began = now();
  const since = Math.max(began - LOG_KEPT, (store.mark("deliveries") ?? 0) - OVERLAP);
  const octokit = await octokitFor();
  const missing = new Map<string, string>();
  for await (const page of listDeliveries(octokit)) {
    for (const each of page) {
      const wanted = each.event === "workflow_job" && each.deliveredAt >= since;
      if (wanted && !store.hasDelivery(each.guid)) missing.set(each.guid, each.id);
    }
    const oldest = page.at(-1);
    if (!oldest || oldest.deliveredAt < since) break;
  }
  // Oldest first, as they would have come.
  const all = [...missing].toReversed();
  for (const [guid, id] of all.slice(0, MOST_PAYLOADS)) {
    const payload = await deliveryPayload(octokit, id);
    await intake.accept({ guid, event: "workflow_job", payload });
  }
  if (missing.size > 0)
    log.warn({ deliveries: missing.size }, "Recovered deliveries that had not come");
  if (missing.size <= MOST_PAYLOADS) store.setMark("deliveries", began);
}

/** Each call looks at some repositories, those with the newest push first; over several calls at all of them. */
function createSweep(options: RecoveryOptions): () => Promise<void> {
  const { octokitFor, store } = options;
  const seen = new Set<string>();
  return async function sweep() {
    let left = SWEEP_REQUESTS;
    const scopes = await listScopes(await octokitFor());
    store.saveInstallations(scopes);
    left -= 1;
    for (const scope of scopes) {
      const octokit = await octokitFor(scope.installationId);
      const repositories = await listRepositories(octokit);
      left -= Math.ceil(repositories.length / 100) || 1;
      const waiting = repositories.filter(({ name }) => !seen.has(`${scope.organization}/${name}`));
      for (const { name } of waiting) {
        if (left <= 0) return;
        left -= await sweepRepository(options, octokit, scope, name);
        seen.add(`${scope.organization}/${name}`);
      }
    }
    // All were looked at: the next sweep begins anew.
    seen.clear();
  };
}

/** @returns the number of requests it took. */
async function sweepRepository(
  { store, pools, now, log }: RecoveryOptions,
  octokit: Octokit,
  scope: RegistrationScope,
  repository: string,
): Promise<number> {
  const runs = await listActiveRuns(octokit, scope, repository);
  for (const run of runs) {
    const jobs = await listJobs(octokit, scope, repository, run, now());
    store.transaction(() => {
      for (const job of jobs) {
        const known = store.jobs.get(job.id);
        if (!known && (job.status === "completed" || !isMeantForUs(job.labels, pools))) continue;
        if (!known)
          log.warn({ jobId: job.id, repository, job: job.name }, "Found a job no event told of");
        hearJobNews(store, job);
      }
    });
  }
  return 2 + runs.length;
}
