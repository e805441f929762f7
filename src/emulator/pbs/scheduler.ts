import type { EmulatedJob } from "./job.ts";
import type { Settings } from "./options.ts";

export interface Node {
  down: boolean;
}

export interface Decision {
  readonly start: readonly EmulatedJob[];
  /** Why each of the others waits, in the scheduler's words. */
  readonly comments: ReadonlyMap<EmulatedJob, string>;
}

const NO_ROOM = "Not Running: Not enough free nodes available";

/** One scheduling cycle: which waiting jobs start now, in the order they came. Pure. */
export function schedule(
  jobs: readonly EmulatedJob[],
  settings: Settings,
  node: Node,
  isRipe: (job: EmulatedJob) => boolean,
): Decision {
  const busy = jobs.filter((job) => job.slot !== null);
  let free = node.down ? 0 : settings.ncpus - sum(busy);
  let blocked = false;
  const start: EmulatedJob[] = [];
  const comments = new Map<EmulatedJob, string>();
  for (const job of jobs) {
    const isArray = job.request.array !== null && job.index === null;
    if (job.state !== "Q" || isArray) continue;
    const impossible = never(job, settings);
    const queue = settings.queues.find((each) => each.name === job.request.queue);
    if (impossible !== null) comments.set(job, impossible);
    else if (queue?.started === false) comments.set(job, "Not Running: Queue not started.");
    else if (blocked || !isRipe(job) || job.request.ncpus > free || !mayRun(job, busy, start)) {
      comments.set(job, NO_ROOM);
      blocked ||= settings.strictOrdering;
    } else {
      start.push(job);
      free -= job.request.ncpus;
    }
  }
  return { start, comments };
}

function never(job: EmulatedJob, { ncpus }: Settings): string | null {
  const asked = job.request.ncpus;
  if (asked <= ncpus) return null;
  const amounts = `(R: ${asked} A: ${ncpus} T: ${ncpus})`;
  return `Can Never Run: Insufficient amount of resource: ncpus ${amounts}`;
}

/** `qsub -J 0-9%2`: at most two subjobs at once. */
function mayRun(job: EmulatedJob, busy: EmulatedJob[], starting: EmulatedJob[]): boolean {
  if (job.parent === null) return true;
  if (job.parent.held) return false;
  const siblings = [...busy, ...starting].filter((each) => each.parent === job.parent);
  return siblings.length < (job.request.array?.atOnce ?? Infinity);
}

function sum(jobs: readonly EmulatedJob[]): number {
  return jobs.reduce((total, job) => total + job.request.ncpus, 0);
}
