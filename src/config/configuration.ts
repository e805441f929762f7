import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { toLabelSet } from "../domain/labels.ts";
import type { Ceiling, Limits, Pool } from "../domain/pool.ts";
import { SECOND } from "../domain/time.ts";
import { toNodeSettings } from "./node.ts";
import type { WarmRule } from "../domain/warm.ts";
import { selectFor, toRules } from "./resources.ts";
import type { Settings } from "./schema.ts";

/** All that `hpc-runners.yml` says, with defaults, paths absolute and durations in the units their names tell. */
export interface Configuration {
  /** The file it came from, absolute. */
  readonly file: string;
  /** At least one; in the order of the file. No two have the same labels. */
  readonly pools: readonly Pool[];
  readonly limits: Limits;
  readonly directories: Directories;
  readonly pbs: PbsSettings;
  readonly github: GitHubSettings;
  readonly runner: RunnerSettings;
}

export interface Directories {
  /** Handoff and logs; seen by compute nodes. */
  readonly shared: string;
  /** Releases of GitHub's runner; seen by compute nodes. */
  readonly runner: string;
  /** On the compute node; `null` for the PBS job's `$TMPDIR`. */
  readonly scratch: string | null;
}

export interface PbsSettings {
  /** Directory of PBS's commands; `null` to find them on PATH. */
  readonly bin: string | null;
  readonly statusIntervalMs: number;
  /** How old an answer of `qstat` can be. */
  readonly cacheAgeMs: number;
  readonly timeoutMs: number;
  /** May equal allocations be one array? */
  readonly arrays: boolean;
  readonly callsPerMinute: number;
}

export interface GitHubSettings {
  readonly timeoutMs: number;
  /** PEM file of authorities trusted besides the well-known ones; `null` for none. */
  readonly ca: string | null;
}

export interface RunnerSettings {
  /** Whether new releases of GitHub's runner are installed as they come. */
  readonly update: boolean;
  /** In place of GitHub's releases; without a slash at its end. `null` for GitHub itself. */
  readonly mirror: string | null;
}

/** Places a configuration is relative to. */
export interface Surroundings {
  /** Absolute; the default directories are below it. */
  readonly stateDirectory: string;
  /** What `~` stands for. Default: the user's home directory. */
  readonly home?: string;
}

/** Settings in the words of the domain. */
export function toConfiguration(
  file: string,
  settings: Settings,
  { stateDirectory, home = homedir() }: Surroundings,
): Configuration {
  const { directories, pbs, github, limits, runner } = settings;
  const path = (written: string): string => expandHome(written, home);
  return {
    file: resolve(file),
    pools: Object.entries(settings.pools).map(([name, pool]) => ({
      ...toPool(name, pool),
      node: toNodeSettings(settings.node, pool.node, path),
    })),
    limits: toLimits(limits),
    directories: {
      shared: path(directories.shared ?? join(stateDirectory, "shared")),
      runner: path(directories.runner ?? join(stateDirectory, "runner")),
      scratch: directories.scratch === undefined ? null : path(directories.scratch),
    },
    pbs: {
      bin: pbs.bin === undefined ? null : path(pbs.bin),
      statusIntervalMs: pbs.status_interval,
      cacheAgeMs: pbs.cache_age,
      timeoutMs: pbs.timeout,
      arrays: pbs.arrays,
      callsPerMinute: pbs.calls_per_minute,
    },
    github: {
      timeoutMs: github.timeout,
      ca: github.ca === undefined ? null : path(github.ca),
    },
    runner: {
      update: runner.update === "daily",
      mirror: runner.mirror?.replace(/\/+$/, "") ?? null,
    },
  };
}

function toPool(name: string, pool: Settings["pools"][string]): Omit<Pool, "node"> {
  const resources = toRules(pool);
  return {
    name,
    labels: toLabelSet(pool.labels),
    priority: pool.priority,
    queue: pool.queue ?? null,
    account: pool.account ?? null,
    select: pool.select ?? selectFor(resources),
    place: pool.place ?? null,
    jobResources: pool.job_resources,
    walltimeSeconds: pool.walltime / SECOND,
    allocationSeconds:
      pool.allocation_walltime === undefined ? null : pool.allocation_walltime / SECOND,
    resources,
    environment: pool.environment,
    runnerGroup: pool.runner_group,
    maxAllocations: pool.max_allocations,
    maxWaiting: pool.max_waiting ?? pool.max_allocations,
    reuse: pool.reuse,
    slots: pool.slots,
    idleSeconds: pool.idle / SECOND,
    warm: pool.warm.map((each) => toWarmRule(each, pool.labels)),
  };
}

function toWarmRule(
  { min, runs_on, organization, hours }: Settings["pools"][string]["warm"][number],
  labels: readonly string[],
): WarmRule {
  return {
    runsOn: toLabelSet(runs_on ?? labels),
    organization: organization ?? null,
    min,
    hours: hours
      ? { cron: hours.from, timeZone: hours.time_zone ?? null, seconds: hours.for / SECOND }
      : null,
  };
}

function toLimits(limits: Settings["limits"]): Limits {
  const { repository, user, account, organization } = limits;
  return {
    ...toCeiling(limits),
    each: {
      repository: toCeiling(repository),
      user: toCeiling(user),
      account: toCeiling(account),
      organization: toCeiling(organization),
    },
  };
}

function toCeiling(written: {
  readonly max_allocations?: number | undefined;
  readonly max_waiting?: number | undefined;
}): Ceiling {
  return {
    maxAllocations: written.max_allocations ?? Infinity,
    maxWaiting: written.max_waiting ?? Infinity,
  };
}

/** Makes a path absolute; only a leading `~` is expanded, no variable. */
export function expandHome(path: string, home: string = homedir()): string {
  return resolve(path === "~" || path.startsWith("~/") ? join(home, path.slice(1)) : path);
}
