import type { Logger } from "pino";
import { extendHold, installationSubject } from "../domain/hold.ts";
import type { Pool } from "../domain/pool.ts";
import { isMeantForUs } from "../domain/routing.ts";
import type { EpochMs } from "../domain/time.ts";
import type { RegistrationScope } from "../domain/workflow-job.ts";
import type { Octokit } from "../github/octokit.ts";
import { listActiveRuns, listJobs, listRepositories, listScopes } from "../github/queued-jobs.ts";
import { troubleOf } from "../github/trouble.ts";
import type { Store } from "../store/store.ts";
import { hearJobNews } from "./hear.ts";

/** Requests of one sweep, over all installations: a small part of an installation's 5 000 an hour. */
const SWEEP_REQUESTS = 60;

export interface SweepOptions {
  readonly store: Store;
  readonly pools: readonly Pool[];
  /** As the App itself without an installation. */
  readonly octokitFor: (installationId?: number) => Promise<Octokit>;
  readonly now: () => EpochMs;
  readonly log: Logger;
}

/** Each call looks at some repositories, those with the newest push first; over several calls at all of them. */
export function createSweep(options: SweepOptions): () => Promise<void> {
  const { octokitFor, store, now } = options;
  const seen = new Set<string>();
  return async function sweep() {
    let left = SWEEP_REQUESTS;
    const scopes = await listScopes(await octokitFor());
    store.saveInstallations(scopes);
    left -= 1;
    for (const scope of scopes) {
      if (isHeld(store, scope, now())) continue;
      try {
        left = await sweepScope(options, scope, seen, left);
      } catch (error) {
        heedLimit(options, scope, error);
        throw error;
      }
      if (left <= 0) return;
    }
    // All were looked at: the next sweep begins anew.
    seen.clear();
  };
}

/** @returns how many of the requests are left; where none are, some repositories may not have been looked at. */
async function sweepScope(
  options: SweepOptions,
  scope: RegistrationScope,
  seen: Set<string>,
  requests: number,
): Promise<number> {
  const { octokitFor, now, log } = options;
  const octokit = await octokitFor(scope.installationId);
  const repositories = await listRepositories(octokit);
  let left = requests - (Math.ceil(repositories.length / 100) || 1);
  const refused = new Map<string, string>();
  for (const { name } of repositories) {
    const key = `${scope.organization}/${name}`;
    if (seen.has(key)) continue;
    if (left <= 0) break;
    try {
      left -= await sweepRepository(options, octokit, scope, name);
    } catch (error) {
      const trouble = troubleOf(error, now());
      if (trouble.kind !== "refused") throw error;
      // Deleted in between, or not ours to look at: the others are.
      refused.set(name, trouble.reason);
      left -= 1;
    }
    seen.add(key);
  }
  if (refused.size > 0) {
    const [[repository, reason] = []] = refused;
    log.warn(
      { organization: scope.organization, repositories: refused.size, repository, reason },
      "GitHub does not let us look for queued jobs of some repositories",
    );
  }
  return left;
}

function isHeld(store: Store, { installationId }: RegistrationScope, now: EpochMs): boolean {
  const hold = store.holdOn(installationSubject(installationId));
  return hold !== undefined && hold.until > now;
}

/** A limit is the installation's, whoever reached it: no runner is minted either before its end. */
function heedLimit(
  { store, now }: SweepOptions,
  { installationId }: RegistrationScope,
  error: unknown,
): void {
  const trouble = troubleOf(error, now());
  if (trouble.kind !== "retry" || trouble.afterMs === null) return;
  const subject = installationSubject(installationId);
  const { reason, afterMs } = trouble;
  store.saveHold(
    extendHold(store.holdOn(subject), { subject, reason, afterMs }, now(), Math.random()),
  );
}

/** @returns the number of requests it took. */
async function sweepRepository(
  { store, pools, now, log }: SweepOptions,
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
