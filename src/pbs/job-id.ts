import { groupBy } from "../domain/group.ts";

/**
 * PBS's id of a job, always kept whole: `123.desched1`, array `123[].vm`, subjob `123[4].vm`. Without its server it
 * means another job on another server (facts/pbs.md §10.4).
 */
const JOB_ID = /^\d+(?:\[\d*\])?(?:\.[A-Za-z0-9][A-Za-z0-9_.-]*)?$/;

export function isJobId(text: string): boolean {
  return text.length <= 255 && JOB_ID.test(text);
}

/** Of an array, not of a member of one: `123[].vm`. */
export function isArrayId(jobId: string): boolean {
  return jobId.includes("[]");
}

/** `123[4].vm` → `123[].vm`; a job that is no member of an array stays what it is. */
export function arrayOf(jobId: string): string {
  return jobId.replace(/\[\d+\]/, "[]");
}

/** `123[4].vm` → `vm`; empty when the id names no server. */
export function serverOf(jobId: string): string {
  const dot = jobId.indexOf(".");
  return dot === -1 ? "" : jobId.slice(dot + 1);
}

/** `123[4].vm` → `123[4]`: what tells the jobs of one server apart, however a site writes the server's name. */
export function sequenceOf(jobId: string): string {
  const dot = jobId.indexOf(".");
  return dot === -1 ? jobId : jobId.slice(0, dot);
}

/** The job ids in a command's output, one a line; anything else (a wrapper's greeting, warnings) is passed over. */
export function jobIdsIn(output: string): string[] {
  return output
    .split("\n")
    .map((line) => line.trim())
    .filter(isJobId);
}

/**
 * Members of one array that stand side by side as one id, `123[4-7].vm`: to PBS that is one id, also where some of the
 * members have ended or the array is unknown (samples qdel-range-*). Lists of indices are refused (`123[3,5].vm`).
 *
 * @returns each id to give to PBS, and the ids that it stands for.
 */
export function inRanges(jobIds: readonly string[]): Map<string, readonly string[]> {
  const ranges = new Map<string, readonly string[]>();
  for (const [array, ids] of groupBy(jobIds, arrayOf)) {
    if (!isArrayId(array) || ids.includes(array)) {
      for (const id of ids) ranges.set(id, [id]);
      continue;
    }
    for (const run of runsOf(ids.map(indexOf))) {
      const bounds = run.length === 1 ? `${run[0]}` : `${run[0]}-${run.at(-1)}`;
      const members = run.map((index) => array.replace("[]", `[${index}]`));
      ranges.set(array.replace("[]", `[${bounds}]`), members);
    }
  }
  return ranges;
}

function indexOf(jobId: string): number {
  return Number(/\[(\d+)\]/.exec(jobId)?.[1]);
}

/** Numbers as runs of neighbours. */
function runsOf(numbers: readonly number[]): number[][] {
  const runs: number[][] = [];
  for (const number of numbers.toSorted((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run?.at(-1) === number - 1) run.push(number);
    else runs.push([number]);
  }
  return runs;
}

/** Linux allows 2 MiB of argv and environment in all; a quarter of the least common limit keeps clear of any. */
const ARGV_BYTES = 128 * 1024;

/**
 * Splits ids into calls: one server a call (the exit code of a call for several servers is only that of the last,
 * facts/pbs.md §10.24), and no more than fit into argv. Ids that are none are left out: `qstat ""` lists every job.
 */
export function callsFor(jobIds: readonly string[], argvBytes = ARGV_BYTES): string[][] {
  const byServer = groupBy([...new Set(jobIds)].filter(isJobId), serverOf);
  return [...byServer.values()].flatMap((ids) => chunk(ids, argvBytes));
}

function chunk(ids: readonly string[], argvBytes: number): string[][] {
  const chunks: string[][] = [];
  let current: string[] = [];
  let bytes = 0;
  for (const id of ids) {
    // Each argument also costs its terminator and a pointer.
    const cost = id.length + 9;
    if (bytes + cost > argvBytes && current.length > 0) {
      chunks.push(current);
      current = [];
      bytes = 0;
    }
    current.push(id);
    bytes += cost;
  }
  if (current.length > 0) chunks.push(current);
  return chunks;
}
